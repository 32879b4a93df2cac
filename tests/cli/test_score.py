"""The command that evaluates images from elsewhere, as a user types it."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.scoring import classifier_of, draw, run, save
from helpers.support import command
from PIL import Image
from pytorch_fid.fid_score import IMAGE_EXTENSIONS

from ganpipe.core.errors import GanpipeError
from ganpipe.data.prepare.images import decode_as_it_is
from ganpipe.evaluation import image_source
from ganpipe.evaluation.image_source import open_images
from ganpipe.evaluation.reference import Reference, fixed_order, load_reference, save_reference
from ganpipe.features.classifier import (
    Accuracy,
    Classifier,
    ClassifierShape,
    open_extractor,
    save_classifier,
)
from ganpipe.features.extractor import Output, WeightFiles
from ganpipe.metrics.moments import Gaussian
from ganpipe.storage.files import sha256_of


def test_a_folder_is_evaluated(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    figures = run(root, capsys, root / "fake", "--reference", root / "real")
    assert figures["classes_covered"] == 2
    assert figures["class_share"]["lying"] == pytest.approx(0.5, abs=0.1)
    assert figures["protocol"]["generated"]["num_generated"] == 40
    about = figures["protocol"]["classifier"]
    assert (about["num_real"], about["test_accuracy"], about["num_test"]) == (60, 1.0, 60)
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


def test_a_nameless_array_is_evaluated_and_may_be_the_reference(
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


def test_folders_of_classes_are_evaluated_as_the_same_images_in_one(
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


def test_statistics_are_saved_and_read(
    root: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    kept = tmp_path / "real.npz"
    first = run(root, capsys, root / "fake", "--reference", root / "real", "--save-reference", kept)
    second = run(root, capsys, root / "fake", "--reference", kept)
    assert first["fid_classifier"] == second["fid_classifier"]
    read = {"statistics": "real.npz", "statistics_sha256": sha256_of(kept)}
    assert first["protocol"]["classifier"] | read == second["protocol"]["classifier"]
    assert first["protocol"]["classifier"]["num_real"] == 60


def test_fid_alone_stores_the_number_of_real_images(
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
def test_other_sizes_are_warned_about_where_an_extractor_resizes(
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
    files = WeightFiles(classifier=root / "classifier.safetensors", inception=None)
    extractor = open_extractor(files, torch.device("cpu"))
    extractor = replace(extractor, size=None) if resizes else extractor
    monkeypatch.setattr("ganpipe.features.build.open_extractor", lambda *_, **__: extractor)
    command("score", [str(root / "fake"), "--reference", str(kept), "--fid-only"])
    said = capsys.readouterr().err
    assert ("the images are 28 x 28 pixels, the real ones were 32 x" in said) == warned


def test_the_table_has_a_line_for_each_figure(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [str(root / "fake"), "--reference", str(root / "real")]
    command("score", [*arguments, *classifier_of(root)])
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


def test_of_large_images_fewer_are_held_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(tmp_path / "images", draw(7, 0))
    for limit, pieces in ((1 << 26, [7]), (2 * 28 * 28, [2, 2, 2, 1]), (100, [1] * 7)):
        monkeypatch.setattr(image_source, "PIECE_BYTES", limit)
        with open_images(tmp_path / "images") as images:
            assert [len(piece) for piece in images.pieces(np.arange(7))] == pieces


def test_every_kind_that_pytorch_fid_reads_is_evaluated(tmp_path: Path) -> None:
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


def test_fid_is_extrapolated_where_that_is_asked_for(
    root: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Through FID of its growing parts, each taken alone, in the same random order."""
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


def test_a_classifier_near_chance_is_warned_about(
    root: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    files = WeightFiles(classifier=root / "classifier.safetensors", inception=None)
    share = open_extractor(files, torch.device("cpu")).training_share
    assert share is not None
    shape = ClassifierShape(1, 28, share)
    weights = tmp_path / "classifier.safetensors"
    save_classifier(weights, Classifier(shape), shape, tested=Accuracy(value=0.508, num_test=60))
    arguments = [str(root / "fake"), "--reference", str(root / "real")]
    command("score", [*arguments, *classifier_of(tmp_path)])
    assert "right about 50.8% of 60 test images" in capsys.readouterr().err
