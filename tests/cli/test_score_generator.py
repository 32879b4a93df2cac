"""Images that `ganpipe score` draws with an ONNX file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.onnx_models import linear_generator
from helpers.scoring import run
from helpers.support import command

from ganpipe.core.errors import GanpipeError
from ganpipe.export.sampler import OnnxSampler
from ganpipe.sampling.draw import draw
from ganpipe.storage.files import sha256_of


def test_a_generator_is_evaluated_as_the_images_that_it_draws(
    root: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = linear_generator(tmp_path / "theirs.onnx", white=255.0)
    about = ("--generator", path, "--num", 40, "--seed", 3, "--range", 0, 255)
    figures = run(root, capsys, *about, "--reference", root / "real")
    record = figures.pop("protocol")["generated"]
    assert record["source"] == str(path)
    assert record["source_sha256"] == sha256_of(path)
    assert (record["num_generated"], record["seed"], record["range"]) == (40, 3, [0, 255])

    sampler = OnnxSampler(path, black=0, white=255)
    images = torch.cat([each.images for each in draw(sampler, 40, 3)])
    np.savez(tmp_path / "drawn.npz", images=images.permute(0, 2, 3, 1).numpy())
    expected = run(root, capsys, tmp_path / "drawn.npz", "--reference", root / "real")
    del expected["protocol"]
    assert figures == expected


def test_too_few_images_to_extrapolate_name_the_option(
    root: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = linear_generator(tmp_path / "theirs.onnx")
    about = ("--generator", path, "--num", 40, "--fid-infinity")
    with pytest.raises(GanpipeError, match=r"or more \(--num\), or leave out --fid-infinity"):
        run(root, capsys, *about, "--reference", root / "real")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "name either images, or a generator"),
        (["images", "--generator", "a.onnx"], "name either images, or a generator"),
        (["images", "--num", "5"], r"--num is for a generator; name one"),
        (["images", "--num", "5", "--seed", "1"], r"--num and --seed are for a generator"),
        (["--generator", "a.onnx", "--num", "1"], "--num must be at least 2"),
        (["--generator", "a.onnx", "--range", "1", "0"], "--range takes the value of black"),
        (["--generator", "a.onnx", "--range", "0", "inf"], "which is higher; both are finite"),
        (["--generator", "a.onnx", "--range", "nan", "1"], "which is higher; both are finite"),
        (["--generator", "a.onnx"], r"a.onnx is missing"),
    ],
)
def test_a_mistake_is_answered(arguments: list[str], said: str) -> None:
    with pytest.raises(GanpipeError, match=said):
        command("score", [*arguments, "--reference", "mnist", "--extractor", "classifier"])
