"""ONNX files against PyTorch: how far images of the same inputs are from each other."""

from __future__ import annotations

import copy
import math
import re
from dataclasses import asdict, astuple, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ganpipe.core.errors import GanpipeError
from ganpipe.export.config import OnnxPrecision
from ganpipe.export.onnx import IMAGES, example_inputs
from ganpipe.export.packages import expect_packages
from ganpipe.sampling.draw import to_uint8
from ganpipe.sampling.sampler import Sampler

SIZES = (1, 2, 5, 64)  # images at a time
LEVELS_PER_UNIT = 127.5  # of grey, in a number of an image
ROUNDING = 4  # times as much as PyTorch itself loses by rounding is allowed


@dataclass(frozen=True)
class Parity:
    """Differences between two programs that draw the same images, the largest of all batches."""

    max_difference: float  # of a number of an image, which goes from -1 to 1
    pixels_differ: float  # share that is another grey level after rounding to uint8
    max_levels: int  # of grey by which a pixel differs

    def worse(self, other: Parity) -> Parity:
        """The larger of each difference."""
        pairs = zip(astuple(self), astuple(other), strict=True)
        return Parity(*(max(pair) for pair in pairs))

    def above(self, most: Parity) -> str:
        """The differences that are larger than those of ``most``, in words; empty: none."""
        pairs = zip(asdict(self).items(), astuple(most), strict=True)
        return ", ".join(
            f"{name} {value:.3g}, at most {limit:g} is allowed"
            for (name, value), limit in pairs
            if value > limit
        )


# In fp32 the order of sums differs, and a pixel whose value is half way between two grey levels may
# be rounded to the other one. fp16 has 11 binary digits: its steps are up to a sixteenth of a grey
# level, and each layer adds to the error.
LIMITS = {
    "fp32": Parity(max_difference=1e-4, pixels_differ=1e-3, max_levels=1),
    "fp16": Parity(max_difference=0.03, pixels_differ=0.25, max_levels=4),
}


@torch.inference_mode()
def compare(sampler: Sampler, path: Path) -> Parity:
    """Draw the same inputs with ``sampler`` and with the ONNX file, in batches of SIZES."""
    session = open_session(path)
    worst = Parity(0.0, 0.0, 0)
    for size in SIZES:
        inputs = example_inputs(sampler, size, seed=size)
        given = {name: value.to(sampler.device) for name, value in inputs.items()}
        ours = sampler(**given).float().cpu().numpy()
        (theirs,) = session.run([IMAGES], {name: value.numpy() for name, value in inputs.items()})
        worst = worst.worse(difference(ours, theirs))
    return worst


def difference(ours: np.ndarray, theirs: np.ndarray) -> Parity:
    """How far float (N, C, h, w) images are from each other.

    Raises GanpipeError where shapes differ, and for NaN and infinity.
    """
    if ours.shape != theirs.shape:
        raise GanpipeError(f"the exported file draws {theirs.shape} where PyTorch {ours.shape}")
    levels = [to_uint8(torch.from_numpy(each)).short() for each in (ours, theirs)]
    apart = (levels[0] - levels[1]).abs()
    return Parity(
        float(np.abs(ours - theirs).max()),
        float((apart > 0).double().mean()),
        int(apart.max()),
    )


@torch.inference_mode()
def rounding_error(sampler: Sampler) -> float:
    """The largest difference that float32 makes to images of ``sampler`` in PyTorch, against
    float64, on the CPU and the inputs of :func:`compare`."""
    single = copy.deepcopy(sampler).cpu()
    double = copy.deepcopy(single).double()
    worst = 0.0
    for size in SIZES:
        inputs = example_inputs(sampler, size, seed=size)
        precise = {
            name: value.double() if value.is_floating_point() else value
            for name, value in inputs.items()
        }
        worst = max(worst, float((single(**inputs) - double(**precise)).abs().max()))
    return worst


def expect_parity(
    found: Parity, precision: OnnxPrecision, path: Path, sampler: Sampler | None = None
) -> None:
    """Raise GanpipeError where ``found`` is above the limits of ``precision``.

    Networks that magnify rounding, such as chains, may differ in fp32 by ROUNDING times what
    PyTorch's own arithmetic loses with ``sampler``, and pixels by as many levels as that is: no
    file can be nearer. The share of pixels that differ has its limit all the same.
    """
    limits = LIMITS[precision]
    if precision == "fp32" and sampler is not None and found.above(limits):
        most = max(limits.max_difference, ROUNDING * rounding_error(sampler))
        levels = math.ceil(most * LEVELS_PER_UNIT)
        limits = replace(limits, max_difference=most, max_levels=levels)
    if above := found.above(limits):
        raise GanpipeError(
            f"{path.name} would not draw what PyTorch draws ({above}); it is not written"
        )


def open_session(path: Path) -> Any:
    """An onnxruntime session of a file, on the CPU and one thread, so that runs are alike.

    Raises GanpipeError where the extra is missing and for a file that onnxruntime refuses.
    """
    expect_packages()
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4  # what it would print is raised as well
    try:
        return onnxruntime.InferenceSession(
            path.read_bytes(), options, providers=["CPUExecutionProvider"]
        )
    except FileNotFoundError:
        raise GanpipeError(f"{path} is missing; `ganpipe export` writes one") from None
    except Exception as error:
        raise GanpipeError(
            f"{path} is no ONNX file that onnxruntime runs ({reason_of(error)})"
        ) from None


def reason_of(error: Exception) -> str:
    """Message of onnxruntime, on one line and without the codes that colour it."""
    return " ".join(re.sub(r"\x1b\[[0-9;]*m", "", str(error)).split())
