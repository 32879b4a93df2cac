"""Differences between ONNX files and PyTorch."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from helpers.exported import samplers_of

from ganpipe.core.errors import GanpipeError
from ganpipe.export import run
from ganpipe.export.onnx import example_inputs
from ganpipe.export.parity import (
    LIMITS,
    SIZES,
    Parity,
    compare,
    difference,
    expect_parity,
    open_session,
)
from ganpipe.sampling.sampler import Noise
from ganpipe.sampling.trained import Trained


def test_differences_of_known_images() -> None:
    ours = np.zeros((1, 1, 10, 10), np.float32)
    theirs = ours.copy()
    theirs[0, 0, 0, :3] = [0.001, 4 / 127.5, 2 / 127.5]  # 127.5 of 0 is rounded to 128
    found = difference(ours, theirs)
    assert found.max_difference == pytest.approx(4 / 127.5)
    assert found.pixels_differ == pytest.approx(0.02)
    assert found.max_levels == 4


def test_the_worst_of_several_batches_counts() -> None:
    assert Parity(1, 0.2, 3).worse(Parity(2, 0.1, 3)) == Parity(2, 0.2, 3)


def test_images_of_another_shape_are_no_near_miss() -> None:
    with pytest.raises(GanpipeError, match="draws"):
        difference(np.zeros((2, 1, 4, 4), np.float32), np.zeros((1, 1, 4, 4), np.float32))


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (Parity(2e-4, 0, 0), "max_difference 0.0002, at most 0.0001"),
        (Parity(0, 2e-3, 0), "pixels_differ 0.002, at most 0.001"),
        (Parity(0, 0, 2), "max_levels 2, at most 1"),
    ],
)
def test_more_than_the_limits_is_refused(found: Parity, said: str) -> None:
    with pytest.raises(GanpipeError, match=said):
        expect_parity(found, "fp32", Path("generator.onnx"))
    expect_parity(LIMITS["fp32"], "fp32", Path("generator.onnx"))
    expect_parity(found, "fp16", Path("generator.onnx"))


def test_a_file_that_draws_something_else_leaves_the_earlier_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other weights than those of the file: a pixel changes by far more than rounding."""
    (sampler,) = samplers_of("mlp").values()
    other = torch.nn.Module.__call__

    def disturbed(module: torch.nn.Module, *args: object, **inputs: object) -> object:
        images = other(module, *args, **inputs)
        return images + 0.01 if module is sampler else images

    monkeypatch.setattr(type(sampler), "__call__", disturbed)
    with pytest.raises(GanpipeError, match="would not draw what PyTorch draws"):
        run.export_checked(Trained(sampler, {}), tmp_path / "generator.onnx", "fp32", {})
    assert not list(tmp_path.iterdir())
    (tmp_path / "generator.onnx").write_bytes(b"an earlier file")
    with pytest.raises(GanpipeError, match="it is not written"):
        run.export_checked(Trained(sampler, {}), tmp_path / "generator.onnx", "fp32", {})
    assert [each.read_bytes() for each in tmp_path.iterdir()] == [b"an earlier file"]
    monkeypatch.undo()
    run.export_checked(Trained(sampler, {}), tmp_path / "generator.onnx", "fp32", {})
    assert compare(sampler, tmp_path / "generator.onnx").max_difference < 1e-4


class Magnifier(torch.nn.Module):
    """A sum whose terms cancel: what is left is mostly the rounding of float32."""

    inputs: ClassVar[dict[str, Noise]] = {"z": Noise((100,))}

    def draw_inputs(self, n: int, rng: torch.Generator) -> dict[str, torch.Tensor]:
        return {"z": torch.randn(n, 100, generator=rng)}

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return (z + 1000.0).sum(1) - 100_000.0


def test_a_network_that_magnifies_rounding_may_differ_by_that() -> None:
    """By four times its own error and no more, and by as many levels as that is; the share of
    pixels that differ stays as it is."""
    network: Any = Magnifier()
    worst = 0.0
    for size in SIZES:
        z = example_inputs(network, size, seed=size)["z"]
        exact = (z.double() + 1000.0).sum(1) - 100_000.0
        worst = max(worst, float((network(z=z) - exact).abs().max()))
    assert worst > 1e-3
    path = Path("generator.onnx")
    expect_parity(Parity(3.9 * worst, 0, 0), "fp32", path, network)
    with pytest.raises(GanpipeError, match="max_difference"):
        expect_parity(Parity(4.1 * worst, 0, 0), "fp32", path, network)
    with pytest.raises(GanpipeError, match="pixels_differ"):
        expect_parity(Parity(0, 2e-3, 0), "fp32", path, network)
    levels = math.ceil(4 * worst * 127.5)
    expect_parity(Parity(0, 0, levels), "fp32", path, network)
    with pytest.raises(GanpipeError, match=f"max_levels {levels + 1}, at most {levels} is"):
        expect_parity(Parity(0, 0, levels + 1), "fp32", path, network)
    precise: Any = samplers_of("mlp")[""]
    with pytest.raises(GanpipeError, match="max_levels 2, at most 1 is"):
        expect_parity(Parity(0, 0, 2), "fp32", path, precise)


def test_a_file_that_is_no_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(GanpipeError, match=r"none.onnx is missing"):
        open_session(tmp_path / "none.onnx")
    (tmp_path / "damaged.onnx").write_bytes(b"no model")
    with pytest.raises(GanpipeError, match=r"damaged.onnx is no ONNX file that onnxruntime runs"):
        open_session(tmp_path / "damaged.onnx")
