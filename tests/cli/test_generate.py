"""The command that draws images, as a user types it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.games import CPU
from helpers.support import command, run_python
from helpers.weights import saved
from PIL import Image

from ganpipe.core.errors import GanpipeError
from ganpipe.sampling.draw import draw
from ganpipe.sampling.trained import load_trained


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is not a ganpipe weights file or is damaged"),
        (b"\x80\x04cos\nsystem\n(S'touch mark'\ntR.", "is not a ganpipe weights file"),
        (None, "is missing; `dvc repro train`"),
    ],
)
def test_bad_weights_are_refused(tmp_path: Path, content: bytes | None, says: str) -> None:
    path = tmp_path / "g.safetensors"
    if content is not None:
        path.write_bytes(content)
    result = run_python(
        "-m", "ganpipe", "generate", "--weights", str(path), "--out", "x.npz", cwd=tmp_path
    )
    assert result.returncode == 1
    assert says in result.stderr
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "x.npz").exists()
    assert not (tmp_path / "mark").exists()


def test_one_class_of_a_conditional_model_is_drawn(tmp_path: Path) -> None:
    options = ["--num", "3", "--out", str(tmp_path / "x.npz"), "--device", "cpu"]
    told = saved(tmp_path / "cgan", "cgan")
    command("generate", [*options, "--weights", str(told), "--class", "1"])
    pieces = [drawn.images for drawn in draw(load_trained(told, CPU).sampler, 3, seed=0, label=1)]
    found = np.load(tmp_path / "x.npz")["images"]
    assert np.array_equal(found, torch.cat(pieces).permute(0, 2, 3, 1).numpy())
    with pytest.raises(GanpipeError, match="there is no class '7'; the classes are 0, 1"):
        command("generate", [*options, "--weights", str(told), "--class", "7"])
    other = saved(tmp_path / "dcgan")
    with pytest.raises(GanpipeError, match="'dcgan' is not conditional"):
        command("generate", [*options, "--weights", str(other), "--class", "1"])


def test_a_class_is_asked_of_a_file_that_does_not_say_its_model(tmp_path: Path) -> None:
    path = saved(tmp_path / "dcgan", model_name=None)
    options = ["--out", str(tmp_path / "x.npz"), "--device", "cpu", "--weights", str(path)]
    with pytest.raises(GanpipeError, match="is not conditional"):
        command("generate", [*options, "--class", "1"])


def test_archives_and_directories_are_written(tmp_path: Path) -> None:
    saved(tmp_path / "g.safetensors")
    arguments = [
        "-m",
        "ganpipe",
        "generate",
        "--weights",
        "g.safetensors",
        "--num",
        "12",
        "--seed",
        "1",
    ]
    assert run_python(*arguments, "--out", "a.npz", cwd=tmp_path).returncode == 0
    images = np.load(tmp_path / "a.npz")["images"]
    assert (images.shape, images.dtype) == ((12, 32, 32, 1), np.uint8)

    assert run_python(*arguments, "--out", "pngs", cwd=tmp_path).returncode == 0
    files = sorted((tmp_path / "pngs").iterdir())
    assert [file.name for file in files] == [f"{index:02d}.png" for index in range(12)]
    read = np.stack([np.asarray(Image.open(file)) for file in files])
    assert np.array_equal(read, images[..., 0])

    again = run_python(*arguments, "--out", "pngs", cwd=tmp_path)
    assert again.returncode == 1
    assert "pngs is not empty" in again.stderr
