"""The Inception extractor against the reference program, with random weights of the same shapes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.inception_files import pictures, random_weights, save_pictures
from helpers.support import command
from pytorch_fid.fid_score import compute_statistics_of_path
from pytorch_fid.inception import InceptionV3
from torch import Tensor
from torchvision.transforms.functional import to_pil_image, to_tensor

from ganpipe.evaluation.reference import Reference, load_reference, make_reference, save_reference
from ganpipe.evaluation.statistics import collect
from ganpipe.features import inception
from ganpipe.features.extractor import Extractor, WeightFiles, WeightsError, outputs
from ganpipe.features.inception import PUBLISHED, Inception, open_extractor, published_weights
from ganpipe.metrics.frechet import frechet_distance
from ganpipe.storage.files import sha256_of

CPU = torch.device("cpu")
NUM = 24


def open_file(path: Path | None) -> Extractor:
    """The extractor with the weights of a file, or with the published."""
    return open_extractor(WeightFiles(classifier=Path("none"), inception=path), CPU)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A TORCH_HOME whose published file holds random weights."""
    folder = tmp_path_factory.mktemp("torch-home")
    path = folder / "hub" / "checkpoints" / PUBLISHED.name
    path.parent.mkdir(parents=True)
    torch.save(random_weights(), path)
    return folder


@pytest.fixture(scope="module")
def weights_file(home: Path) -> Path:
    return home / "hub" / "checkpoints" / PUBLISHED.name


@pytest.fixture(scope="module")
def extractor(weights_file: Path) -> Extractor:
    return open_file(weights_file)


@pytest.fixture(scope="module")
def references(extractor: Extractor) -> list[Reference]:
    """Statistics of two sets of pictures."""
    return [
        make_reference(
            extractor,
            collect(
                extractor, [pictures(NUM, 32, 3, seed)], num=NUM, max_features=NUM, batch_size=10
            ),
            {},
        )
        for seed in (0, 1)
    ]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The same two sets as PNGs."""
    root = tmp_path_factory.mktemp("pictures")
    for seed, name in enumerate("ab"):
        save_pictures(root / name, pictures(NUM, 32, 3, seed))
    return [root / "a", root / "b"]


def reference_program(home: Path, *arguments: object) -> str:
    result = subprocess.run(
        [sys.executable, "-m", "pytorch_fid", *map(str, arguments), "--num-workers", "0"],
        env={**os.environ, "TORCH_HOME": str(home)},
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    return result.stdout


def test_the_whole_path_is_that_of_the_reference_program(
    home: Path, folders: list[Path], references: list[Reference]
) -> None:
    printed = reference_program(home, *folders)
    theirs = float(re.search(r"FID:\s+(\S+)", printed)[1])  # type: ignore[index]
    assert np.isfinite(theirs)
    ours = frechet_distance(references[0].gaussian, references[1].gaussian)
    assert ours == pytest.approx(theirs, rel=1e-4)


def test_statistics_of_the_reference_program_are_ours(
    home: Path, folders: list[Path], references: list[Reference], tmp_path: Path
) -> None:
    theirs, ours = tmp_path / "theirs.npz", tmp_path / "ours.npz"
    reference_program(home, "--save-stats", folders[0], theirs)
    read = load_reference(theirs).gaussian
    assert frechet_distance(read, references[1].gaussian) == pytest.approx(
        frechet_distance(references[0].gaussian, references[1].gaussian), rel=1e-4
    )
    save_reference(ours, references[0])
    mu, sigma = compute_statistics_of_path(str(ours), None, 1, 2048, "cpu")
    assert np.array_equal(mu, references[0].gaussian.mu)
    assert np.array_equal(sigma, references[0].gaussian.sigma)


def test_the_command_gives_the_same_figure(
    folders: list[Path],
    references: list[Reference],
    weights_file: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    arguments = [str(folders[1]), "--reference", str(folders[0]), "--json", "--fid-only"]
    command("score", [*arguments, "--inception-weights", str(weights_file)])
    printed = json.loads(capsys.readouterr().out)
    expected = frechet_distance(references[0].gaussian, references[1].gaussian)
    assert printed["fid_custom"] == pytest.approx(expected, rel=1e-6)
    assert printed["protocol"]["inception"]["weights_sha256"] == sha256_of(weights_file)


def test_grey_images_are_taken_as_rgb(extractor: Extractor) -> None:
    grey = pictures(2, 28, 1, 3)
    (one,), (three,) = (list(outputs(extractor, [i], 2)) for i in (grey, grey.repeat(1, 3, 1, 1)))
    assert torch.equal(one.features, three.features)
    assert one.logits.shape == (2, 1008)


@pytest.fixture(scope="module")
def original(home: Path) -> InceptionV3:
    """pytorch-fid's own network with the same weights, from the folder where it looks first."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TORCH_HOME", str(home))
        return InceptionV3().eval()


@pytest.mark.parametrize(
    ("channels", "height", "width"), [(1, 28, 28), (3, 40, 24), (1, 20, 33), (3, 320, 310)]
)
def test_features_are_those_of_the_original_network(
    extractor: Extractor, original: InceptionV3, channels: int, height: int, width: int
) -> None:
    images = pictures(2, max(height, width), channels, 4)[:, :, :height, :width]
    (ours,) = outputs(extractor, [images], 2)
    rgb = [to_pil_image(image).convert("RGB") for image in images]
    with torch.inference_mode():
        (theirs,) = original(torch.stack([to_tensor(picture) for picture in rgb]))
    torch.testing.assert_close(ours.features, theirs[:, :, 0, 0], rtol=1e-4, atol=1e-4)


def test_logits_are_the_weighted_features_without_the_bias(
    extractor: Extractor, weights_file: Path
) -> None:
    weights = torch.load(weights_file, weights_only=True)
    (output,) = outputs(extractor, [pictures(2, 32, 3, 0)], 2)
    expected = output.features.double() @ weights["fc.weight"].double().T
    torch.testing.assert_close(output.logits.double(), expected, rtol=1e-4, atol=1e-4)
    assert weights["fc.bias"].abs().mean() > 0.01  # which adding it would show


def test_another_weights_file_gets_another_name(extractor: Extractor, weights_file: Path) -> None:
    assert extractor.key("fid") == "fid_custom"
    assert extractor.protocol["weights_sha256"] == sha256_of(weights_file)


def test_the_published_name_needs_the_published_bytes(
    home: Path, weights_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(home))
    with pytest.raises(WeightsError, match=r"not the published file.*inception_weights"):
        open_file(None)
    right = f"sha256:{sha256_of(weights_file)}"
    monkeypatch.setattr(inception, "PUBLISHED", _with_checksum(right))
    assert open_file(None).key("fid") == "fid"


def test_the_published_weights_come_from_a_mirror(
    weights_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mirror" / "inception").mkdir(parents=True)
    (tmp_path / "mirror" / "inception" / PUBLISHED.name).symlink_to(weights_file)
    for name, folder in {"TORCH_HOME": "none", "GANPIPE_MIRROR": "mirror"}.items():
        monkeypatch.setenv(name, str(tmp_path / folder))
    monkeypatch.setenv("GANPIPE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("GANPIPE_OFFLINE", "1")
    with pytest.raises(WeightsError, match=r"(?s)MIRROR.*: holds "):
        published_weights()
    right = f"sha256:{sha256_of(weights_file)}"
    monkeypatch.setattr(inception, "PUBLISHED", _with_checksum(right))
    assert published_weights() == tmp_path / "cache" / "downloads" / "inception" / PUBLISHED.name


def _with_checksum(checksum: str) -> object:
    from dataclasses import replace

    return replace(PUBLISHED, checksum=checksum, size=200 << 20)


def test_what_is_no_weights_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="does not exist"):
        open_file(tmp_path / "nothing.pth")
    path = tmp_path / "weights.pth"
    for content in (b"text", b""):
        path.write_bytes(content)
        with pytest.raises(WeightsError, match="does not hold weights"):
            open_file(path)
    torch.save({"fc.weight": torch.zeros(1008, 2048)}, path)
    with pytest.raises(WeightsError, match="does not hold weights"):
        open_file(path)
    torch.save(Inception, path)  # a pickle that would import code
    with pytest.raises(WeightsError, match="does not hold weights"):
        open_file(path)


@pytest.mark.parametrize("bf16", [False, True])
def test_neither_batch_nor_threads_change_a_bit_of_the_features(
    extractor: Extractor, bf16: bool
) -> None:
    images = pictures(9, 32, 3, 0)

    def features(threads: int, batch: int) -> Tensor:
        torch.set_num_threads(threads)
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            return torch.cat([extractor.network(part).features for part in images.split(batch)])

    before = torch.get_num_threads()
    try:
        alone = features(1, 1)
        assert torch.equal(features(2, 4), alone)
        assert torch.equal(features(3, 9), alone)
    finally:
        torch.set_num_threads(before)
