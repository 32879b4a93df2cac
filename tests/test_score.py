"""The command that judges images from elsewhere, as a user types it."""

from __future__ import annotations

import json
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from pytorch_fid.fid_score import IMAGE_EXTENSIONS

from ganpipe import score
from ganpipe.data.elsewhere import open_images
from ganpipe.data.images import decode_as_it_is
from ganpipe.errors import GanpipeError
from ganpipe.files import sha256_of
from ganpipe.metrics.classifier import (
    Classifier,
    load_classifier,
    save_classifier,
    train_classifier,
)
from ganpipe.metrics.config import ExtractorConfig
from ganpipe.metrics.moments import Gaussian
from ganpipe.metrics.reference import (
    Reference,
    fixed_order,
    load_reference,
    save_reference,
)
from ganpipe.metrics.ruler import Output


def draw(num: int, seed: int, size: int = 28) -> np.ndarray:
    """uint8 (num, 1, size, size): upright and lying bars on noise, in turn."""
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 60, (num, 1, size, size), dtype=np.uint8)
    for index, image in enumerate(images):
        place = int(rng.integers(2, size - 8))
        rows, columns = slice(place, place + 4), slice(None)
        image[(0, rows, columns) if index % 2 else (0, columns, rows)] += 150
    return images


def save(folder: Path, images: np.ndarray) -> Path:
    folder.mkdir()
    for index, image in enumerate(images):
        Image.fromarray(image.transpose(1, 2, 0).squeeze()).save(folder / f"{index:03d}.png")
    return folder


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trained classifier and two folders of images."""
    root = tmp_path_factory.mktemp("score")
    config = ExtractorConfig(epochs=3, batch_size=20, lr=0.003, seed=0)
    labels = torch.arange(200) % 2
    images = torch.from_numpy(draw(200, 0))
    network, shape = train_classifier(images, labels, ("lying", "upright"), config)
    save_classifier(root / "classifier.safetensors", network, shape)
    save(root / "real", draw(60, 1))
    save(root / "fake", draw(40, 2))
    return root


def run(root: Path, capsys: pytest.CaptureFixture[str], *arguments: object) -> dict[str, Any]:
    """The JSON that the command prints."""
    classifier = ["--ruler", "classifier", "--classifier", str(root / "classifier.safetensors")]
    score.main([*map(str, arguments), *classifier, "--json"])
    content: dict[str, Any] = json.loads(capsys.readouterr().out)
    return content


def test_a_folder_is_judged(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    figures = run(root, capsys, root / "fake", "--reference", root / "real")
    assert figures["classes_covered"] == 2
    assert figures["class_share"]["lying"] == pytest.approx(0.5, abs=0.1)
    assert figures["protocol"]["generated"]["num_generated"] == 40
    assert figures["protocol"]["classifier"]["num_real"] == 60
    assert {"fid_classifier", "kid_classifier", "recall_classifier"} <= figures.keys()


def test_whatever_holds_the_images_the_figures_are_the_same(
    root: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    archive = shutil.make_archive(str(tmp_path / "fake"), "zip", root / "fake")
    array = tmp_path / "fake.npz"
    np.savez(array, images=draw(40, 2).transpose(0, 2, 3, 1))
    sources = [root / "fake", archive, array]
    found = [run(root, capsys, source, "--reference", root / "real") for source in sources]
    for each in found:
        del each["protocol"]
    assert found[0] == found[1] == found[2]


def test_a_nameless_array_is_judged_and_may_be_the_reference(
    root: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    np.savez(tmp_path / "real.npz", draw(60, 1).transpose(0, 2, 3, 1))
    np.savez(tmp_path / "fake.npz", draw(40, 2).transpose(0, 2, 3, 1))
    figures = run(root, capsys, tmp_path / "fake.npz", "--reference", tmp_path / "real.npz")
    expected = run(root, capsys, root / "fake", "--reference", root / "real")
    assert figures["fid_classifier"] == expected["fid_classifier"]
    np.save(tmp_path / "a.npy", draw(60, 1))
    (tmp_path / "a.npy").rename(tmp_path / "a.npz")
    with pytest.raises(GanpipeError, match="a single array"):
        run(root, capsys, root / "fake", "--reference", tmp_path / "a.npz")


def test_folders_of_classes_are_judged_as_the_same_images_in_one(
    root: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Blocks and the first features are fair samples, though files are sorted by class."""
    images = draw(240, 3)
    save(tmp_path / "flat", images)
    for parity, name in enumerate(("a", "b")):
        (tmp_path / "sorted").mkdir(exist_ok=True)
        save(tmp_path / "sorted" / name, images[parity::2])
    arranged = np.concatenate([images[::2], images[1::2]]).transpose(0, 2, 3, 1)
    np.savez(tmp_path / "sorted.npz", images=arranged)
    archive = shutil.make_archive(str(tmp_path / "sorted"), "zip", tmp_path / "sorted")
    flat = tmp_path / "flat"
    for source in (tmp_path / "sorted", archive, tmp_path / "sorted.npz"):
        for generated, real in ((source, flat), (flat, source)):
            half = ["--reference", real, "--max-features", 120]
            figures = run(root, capsys, generated, *half)
            assert abs(figures["kid_classifier"]) < 0.1  # in the order of the files 0.49
            for name in ("precision", "recall", "coverage"):  # 0.5
                assert figures[f"{name}_classifier"] > 0.8
            assert figures["score_classifier"] > 1.6  # 1.00


def test_statistics_are_kept_and_read(
    root: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    kept = tmp_path / "real.npz"
    first = run(root, capsys, root / "fake", "--reference", root / "real", "--save-reference", kept)
    second = run(root, capsys, root / "fake", "--reference", kept)
    assert first["fid_classifier"] == second["fid_classifier"]
    read = {"statistics": "real.npz", "statistics_sha256": sha256_of(kept)}
    assert first["protocol"]["classifier"] | read == second["protocol"]["classifier"]
    assert first["protocol"]["classifier"]["num_real"] == 60


def test_fid_alone_keeps_the_number_of_real_images(
    root: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Without it, fewer images than features would give rounding errors."""
    kept = tmp_path / "real.npz"
    real = ["--reference", root / "real", "--save-reference", kept]
    figures = run(root, capsys, root / "fake", *real, "--fid-only")
    assert figures["protocol"]["classifier"]["num_real"] == 60
    assert load_reference(kept).gaussian.num == 60


def test_the_protocol_names_sizes_and_numbers(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    figures = run(root, capsys, root / "fake", "--reference", root / "real", "--max-features", 30)
    record = figures["protocol"]
    assert {"image_size": "28 x 28", "channels": 1}.items() <= record["classifier"].items()
    expected = {"num_generated": 40, "image_size": "28 x 28", "channels": 1, "max_features": 30}
    assert expected.items() <= record["generated"].items()
    assert record["classifier"]["num_features"] == 30


@pytest.mark.parametrize(
    ("recorded", "resizes", "warned"),
    [("28 x 28", True, False), (28, True, False), ("32 x 28", True, True), (32, True, True),
     (32, False, False), (None, True, False)],
)  # fmt: skip
def test_other_sizes_are_warned_about_where_a_ruler_resizes(
    root: Path,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    recorded: str | int | None,
    resizes: bool,
    warned: bool,
) -> None:
    kept = tmp_path / "real.npz"
    protocol = {} if recorded is None else {"image_size": recorded}
    save_reference(kept, Reference(Gaussian(np.zeros(128), np.eye(128)), protocol))
    ruler = load_classifier(root / "classifier.safetensors", torch.device("cpu"))
    ruler = replace(ruler, size=None) if resizes else ruler
    monkeypatch.setattr("ganpipe.metrics.rulers.open_ruler", lambda *_: ruler)
    score.main([str(root / "fake"), "--reference", str(kept), "--fid-only"])
    said = capsys.readouterr().err
    assert ("the images are 28 x 28 pixels, the real ones were 32 x" in said) == warned


def test_nan_is_never_printed(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept = root / "nan.npz"
    reference = Reference(Gaussian(np.zeros(128), np.eye(128)), {"note": float("nan")})
    save_reference(kept, reference)
    with pytest.raises(GanpipeError, match="holds NaN or infinity"):
        run(root, capsys, root / "fake", "--reference", kept)


@pytest.mark.parametrize("place", ["folder", "file/below.npz"])
def test_a_place_where_no_statistics_can_be_kept(root: Path, tmp_path: Path, place: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    weights = ["--ruler", "classifier", "--classifier", str(root / "classifier.safetensors")]
    keep = ["--save-reference", str(tmp_path / place), "--reference", str(root / "real")]
    with pytest.raises(GanpipeError, match=r"is a folder; name a file|cannot write .*below.npz"):
        score.main([str(root / "fake"), *weights, *keep])


def test_full_memory_is_told_in_a_sentence(
    root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("ganpipe.metrics.measure.measure", full)
    with pytest.raises(GanpipeError, match=r"set --batch-size to 25 .* --device cpu"):
        run(root, capsys, root / "fake", "--reference", root / "real")


def test_the_table_has_a_line_for_each_figure(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = str(root / "classifier.safetensors")
    rulers = ["--ruler", "classifier", "--classifier", weights]
    score.main([str(root / "fake"), "--reference", str(root / "real"), *rulers])
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("fid_classifier ") for line in lines)
    assert any(line.startswith("  lying ") for line in lines)


def test_colour_and_transparency_are_read_as_they_are(tmp_path: Path) -> None:
    folder = tmp_path / "images"
    folder.mkdir()
    Image.new("RGB", (20, 10), (1, 2, 3)).save(folder / "a.png")
    Image.new("RGBA", (20, 10), (1, 2, 3, 0)).save(folder / "b.png")
    with open_images(folder) as images:
        (piece,) = images.pieces(np.arange(2))
    assert piece.shape == (2, 3, 10, 20)
    assert piece[0, :, 0, 0].tolist() == [1, 2, 3]
    assert piece[1, :, 0, 0].tolist() == [255, 255, 255]


def test_every_kind_that_pytorch_fid_reads_is_judged(tmp_path: Path) -> None:
    folder = tmp_path / "images"
    folder.mkdir()
    for suffix in IMAGE_EXTENSIONS:
        Image.new("L", (9, 8), 50).save(folder / f"{suffix}.{suffix.upper()}")
    archive = Path(shutil.make_archive(str(folder), "tar", folder))
    for hidden in ("._a.png", ".b/c.png", "__MACOSX/d.png"):
        (folder / hidden).parent.mkdir(exist_ok=True)
        (folder / hidden).write_bytes(b"no image")
    for source in (folder, archive):
        with open_images(source) as images:
            assert {Path(file).stem for file in images.files} == IMAGE_EXTENSIONS
            for file in images.files:
                assert np.abs(decode_as_it_is(file) - 50.0).max() <= 2


@pytest.mark.parametrize(
    ("what", "says"),
    [
        ("nothing", "nothing does not exist"),
        ("empty", r"holds no images \(.bmp, .jpeg, "),
        ("empty.zip", r"empty.zip holds no images \(.bmp, .jpeg, "),
        ("damaged", "001.png cannot be judged"),
        ("sizes", r"001.png is 30 x 30 pixels of 1 channels, but 000.png is 28 x 28"),
        ("large", "takes images of 28 x 28 pixels; these have 32 x 32"),
        ("colour", "takes images of 1 channels; these have 3"),
        ("single", "1 images cannot be judged"),
        ("text.zip", "neither a folder nor a .zip or .tar"),
        ("other.npz", "holds no whole array `images` or `arr_0`"),
        ("array.npz", "it is a single array, not an .npz"),
        ("flipped.npz", "holds no whole array `images`"),
        ("floats.npz", r"must be uint8 \(N, H, W, 1 or 3\), not float64"),
    ],
)
def test_images_that_cannot_be_judged(
    root: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path, what: str, says: str
) -> None:
    bad = tmp_path / what
    if what == "empty":
        bad.mkdir()
    elif what == "empty.zip":
        with zipfile.ZipFile(bad, "w") as archive:
            archive.writestr("notes.txt", "no image")
    elif what in ("damaged", "sizes"):
        save(bad, draw(2, 0))
        if what == "damaged":
            (bad / "001.png").write_bytes((bad / "001.png").read_bytes()[:80])
        else:
            Image.new("L", (30, 30)).save(bad / "001.png")
    elif what == "large":
        save(bad, draw(2, 0, size=32))
    elif what == "colour":
        save(bad, draw(2, 0).repeat(3, axis=1))
    elif what == "single":
        save(bad, draw(1, 0))
    elif what == "text.zip":
        bad.write_text("no archive")
    elif what == "other.npz":
        np.savez(bad, pictures=np.zeros(3))
    elif what == "array.npz":
        np.save(tmp_path / "array.npy", draw(2, 0))
        (tmp_path / "array.npy").rename(bad)
    elif what == "flipped.npz":
        np.savez_compressed(bad, images=draw(9, 0).transpose(0, 2, 3, 1))
        content = bytearray(bad.read_bytes())
        content[60:80] = bytes(20)
        bad.write_bytes(content)
    elif what == "floats.npz":
        np.savez(bad, images=np.zeros((3, 28, 28, 1)))
    with pytest.raises(GanpipeError, match=says):
        run(root, capsys, bad, "--reference", root / "real")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--reference", "mnist"], "classifier.npz is missing; the stage 'reference'"),
        (["--reference", "nowhere"], "nowhere does not exist"),
        (["--reference", "nowhere.npz"], "nowhere.npz does not exist"),
        (["--reference", "FAKE", "--max-features", "1"], "--max-features must be at least 2"),
        (["--reference", "FAKE", "--batch-size", "0"], "--batch-size must be at least 1"),
        (["--reference", "FAKE", "--fid-only", "--fid-infinity"], "leaves out --fid-infinity"),
        (["--reference", "FAKE", "--fid-infinity"], "FID of 40 images and 128 features"),
        (["--reference", "FAKE", "--ruler", "inceptoin"], "there is no ruler 'inceptoin'"),
        (
            ["--reference", "FAKE", "--ruler", "inception", "--inception-weights", "none.pth"],
            "none.pth, which does not exist",
        ),
    ],
)
def test_wrong_arguments_are_named(
    root: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    says: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    weights = ["--ruler", "classifier", "--classifier", str(root / "classifier.safetensors")]
    given = [str(root / "fake") if word == "FAKE" else word for word in arguments]
    with pytest.raises(GanpipeError, match=says):
        score.main([str(root / "fake"), *weights, *given])


def test_fid_is_extrapolated_where_that_is_asked_for(
    root: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Through FID of its growing parts, each judged alone, in the same random order."""
    images = draw(500, 5)[fixed_order(500)].transpose(0, 2, 3, 1)
    np.savez(tmp_path / "fake.npz", images=draw(500, 5).transpose(0, 2, 3, 1))
    found = run(root, capsys, tmp_path / "fake.npz", "--reference", root / "real", "--fid-infinity")
    figures = []
    for num in range(150, 501, 50):
        np.savez(tmp_path / "part.npz", images=images[:num])
        part = run(root, capsys, tmp_path / "part.npz", "--reference", root / "real")
        figures.append(part["fid_classifier"])
    line = np.polyfit([1 / num for num in range(150, 501, 50)], figures, 1)
    assert found["fid_classifier"] == pytest.approx(figures[-1], rel=1e-6)
    assert found["fid_infinity_classifier"] == pytest.approx(line[1], rel=1e-4)


def test_the_size_of_a_batch_is_no_matter(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    seen = []
    original = Classifier.forward

    def forward(network: Classifier, images: torch.Tensor) -> Output:
        seen.append(len(images))
        return original(network, images)

    with pytest.MonkeyPatch.context() as watching:
        watching.setattr(Classifier, "forward", forward)
        few, many = (
            run(root, capsys, root / "fake", "--reference", root / "real", "--batch-size", size)
            for size in (7, 500)
        )
    assert few["fid_classifier"] == pytest.approx(many["fid_classifier"], rel=1e-4)
    assert set(seen) == {7, 60 % 7, 40 % 7, 60, 40}


def test_an_archive_that_leads_out_is_refused(root: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as archive:
        archive.writestr("../out.png", b"")
    with pytest.raises(GanpipeError, match="unsafe name"), open_images(tmp_path / "bad.zip"):
        pass
    assert not (tmp_path.parent / "out.png").exists()
