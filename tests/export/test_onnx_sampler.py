"""Images of ONNX files: of this project's, and of generators that others have exported."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from helpers.exported import Exports
from helpers.onnx_models import LATENT, SIDE, linear_generator, weights

from ganpipe.core.errors import GanpipeError
from ganpipe.export.sampler import OnnxSampler, drawn
from ganpipe.runtime.seeding import make_rng
from ganpipe.sampling.draw import CHUNK, draw
from ganpipe.sampling.sampler import Label, Sampler

OURS = '{"noise": {"kind": "noise", "dtype": "float32", "shape": [4], "distribution": "uniform"}}'
LABELLED = '{"noise": {"kind": "label", "dtype": "int64", "shape": [], "counts": []}}'


def images_of(sampler: Sampler, num: int, seed: int = 5) -> np.ndarray:
    """uint8 (num, C, h, w)."""
    return torch.cat([each.images for each in draw(sampler, num, seed)]).numpy()


@pytest.mark.parametrize("name", ["cgan", "stylegan2"])
def test_a_file_draws_the_images_of_its_weights(exports: Exports, name: str) -> None:
    ((sampler, path),) = exports.of(name)
    file = OnnxSampler(path)
    assert dict(file.inputs) == dict(sampler.inputs)
    if name == "cgan":
        assert isinstance(file.label, Label)
        assert file.label.counts == (30, 18)
    ours, theirs = images_of(sampler, 3), images_of(file, 3)
    assert np.abs(ours.astype(int) - theirs).max() <= 1
    assert (ours != theirs).mean() < 1e-3


def by_hand(num: int, seed: int) -> np.ndarray:
    """The images of the linear generator, clipped and rounded by NumPy."""
    z = torch.empty(CHUNK, LATENT).normal_(generator=make_rng(torch.device("cpu"), seed, "draw", 0))
    values = np.clip(z.numpy()[:num] @ weights(), -1, 1)
    return np.rint((values + 1) * 127.5).astype(np.uint8).reshape(num, 1, SIDE, SIDE)


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"shape": (LATENT, 1, 1)},
        {"batch": 16},
        {"dtype": "uint8"},
        {"white": 255.0},
        {"white": 0.5},
        {"inside": 1},
        {"metadata": {"inputs": "latents"}},
        {"metadata": {"inputs": '{"z": "normal noise"}'}},
        {"metadata": {"inputs": '{"noise": {"kind": "noise", "shape": "four"}}'}},
        {"metadata": {"inputs": OURS, "classes": "cat, dog"}},
        {"metadata": {"inputs": OURS.replace('"noise": {', '"z": {')}},
        {"metadata": {"inputs": LABELLED, "classes": '["cat"]'}},
        {"metadata": {"inputs": "{}"}},
    ],
    ids=str,
)
def test_a_generator_of_others_draws_its_images(tmp_path: Path, form: dict[str, Any]) -> None:
    path = linear_generator(tmp_path / "theirs.onnx", **form)
    white = form.get("white", 1.0)
    sampler = OnnxSampler(path, black=-1.0 if white == 1.0 else 0.0, white=white)
    apart = np.abs(images_of(sampler, 21).astype(int) - by_hand(21, 5))
    assert apart.max() <= 1, "only halves may be rounded to the other side"
    assert apart.mean() < 1e-3


def test_a_label_whose_counts_do_not_fit_is_not_drawn_from(
    exports: Exports, tmp_path: Path
) -> None:
    """Metadata that somebody has changed: the file is taken for one of others."""
    ((_, path),) = exports.of("cgan")
    model = onnx.load(path)
    about = {each.key: each.value for each in model.metadata_props}
    for counts in ("[0, 0]", "[5]", '"many"', "[-1, 3]"):
        changed = {**about, "inputs": about["inputs"].replace("[30, 18]", counts)}
        onnx.helper.set_model_props(model, changed)
        onnx.save(model, tmp_path / "changed.onnx")
        with pytest.raises(GanpipeError, match="a generator that ganpipe has not exported"):
            OnnxSampler(tmp_path / "changed.onnx")


def test_bytes_stay_as_they_are(tmp_path: Path) -> None:
    sampler = OnnxSampler(linear_generator(tmp_path / "theirs.onnx", dtype="uint8"))
    z = torch.randn(3, LATENT)
    (theirs,) = sampler.session.run(None, {"noise": z.numpy()})
    pixels = (sampler(noise=z) + 1).mul(127.5).round().to(torch.uint8)
    assert np.array_equal(pixels.numpy(), theirs)


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"shape": (LATENT, 2, 1)}, r"noise tensor\(float\) \['n', 4, 2, 1\]; a generator that"),
        ({"more_inputs": ("temperature",)}, r"temperature.*must have one input of float noise"),
        ({"shape": ("d",)}, "must have one input of float noise"),
        ({"takes_noise": False}, "takes no input; a generator that ganpipe has not exported"),
        ({"inside": 3}, r"cannot draw 250 images at a time with .*; export the generator for"),
        ({"batch": 16, "inside": 3}, r"cannot draw 16 images at a time with .*Reshape"),
        ({"channels": 2}, r"draws \(250, 2, 28, 28\); images are \(N, 1 or 3, height, width\)"),
    ],
)
def test_what_cannot_be_drawn_from_is_refused(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], form: dict[str, Any], said: str
) -> None:
    path = linear_generator(tmp_path / "theirs.onnx", **form)
    with pytest.raises(GanpipeError, match=said) as caught:
        images_of(OnnxSampler(path), 2)
    assert "\x1b" not in str(caught.value)
    assert capfd.readouterr() == ("", ""), "onnxruntime prints nothing of its own"


def drawn_within(path: Path, black: float, white: float) -> None:
    images_of(OnnxSampler(path, black=black, white=white), 2)


@pytest.mark.parametrize(
    ("form", "given", "said"),
    [
        ({"white": 255.0}, (-1, 1), r"from 0 to 255, far outside .* from black, -1, to white, 1,"
         r".*--range 0 255"),
        ({"white": 255.0}, (0, 1), "--range 0 255"),
        ({}, (0, 1), r"from -1 to 1, far outside .*--range -1 1"),
        ({"white": 8.0}, (-1, 1), r"from 0 to 8, far outside .*--range BLACK WHITE"),
    ],
)  # fmt: skip
def test_values_far_outside_of_the_range_are_refused(
    tmp_path: Path, form: dict[str, Any], given: tuple[float, float], said: str
) -> None:
    path = linear_generator(tmp_path / "theirs.onnx", **form)
    with pytest.raises(GanpipeError, match=said):
        drawn_within(path, *given)


@pytest.mark.parametrize(
    ("form", "given", "said"),
    [
        ({"black": 0.0}, (-1, 1), "from 0 to 1, all in the upper half .*--range 0 1"),
        ({"black": 0.0}, (0, 255), "from 0 to 1, all in the lower half .*--range 0 1"),
        ({}, (-100, 100), "from -1 to 1, which is little of .* from black, -100, .*--range -1 1"),
        ({}, (-255, 255), "from -1 to 1, which is little of .*--range -1 1"),
        ({"white": 0.2, "black": -0.2}, (-1, 1), ""),
        ({"black": 0.0}, (0, 1), ""),
        ({"white": 255.0}, (0, 255), ""),
        ({"white": 1.2, "black": -1.2}, (-1, 1), ""),
    ],
)
def test_values_in_a_part_of_the_range_are_warned_of(
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    form: dict[str, Any],
    given: tuple[float, float],
    said: str,
) -> None:
    drawn_within(linear_generator(tmp_path / "theirs.onnx", **form), *given)
    assert re.search(said, caplog.text) if said else not caplog.text


def test_a_translator_is_refused(exports: Exports) -> None:
    ((_, path),) = exports.of("pix2pix")
    with pytest.raises(GanpipeError, match="translates pictures and draws none from noise"):
        OnnxSampler(path)


def test_images_for_an_evaluation_are_drawn_once_and_then_removed(tmp_path: Path) -> None:
    sampler = OnnxSampler(linear_generator(tmp_path / "theirs.onnx"))
    num = CHUNK + 3
    with drawn(sampler, num, seed=5) as images:
        assert (len(images), images.shape) == (num, (1, SIDE, SIDE))
        pieces = np.concatenate(list(images.pieces(np.arange(num))))
        file = Path(images.files.filename)  # type: ignore[union-attr]
        assert file.exists()
    assert np.array_equal(pieces, images_of(sampler, num))
    assert not file.exists()
