"""Draw images from samplers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from ganpipe.core.errors import GanpipeError
from ganpipe.runtime.seeding import make_rng
from ganpipe.sampling.pictures import translates
from ganpipe.sampling.sampler import Sampler

CHUNK = 250  # images per forward pass; fixed, so that the n-th image depends on the seed alone
CLASS_ROWS = 20  # of a grid of a conditioned sampler, at most


class Drawn(NamedTuple):
    """Some of the images of one draw."""

    images: Tensor  # uint8 (n, C, h, w), on the CPU, at the native size
    label: Tensor | None  # int64 (n,), on the CPU: their classes; None if not conditioned


def to_uint8(images: Tensor) -> Tensor:
    """Float (N, C, H, W), clamped to [-1, 1] -> uint8, rounded to the nearest of 256 grey values.

    Raises GanpipeError for NaN and infinity, which would become black or white pixels.
    """
    if not images.isfinite().all():
        raise GanpipeError(
            "the generator draws images with NaN or infinity in them: its weights have diverged or "
            "are damaged; train it again with a lower optimizer.lr, or take an earlier snapshot"
        )
    return images.float().add(1).mul(127.5).round().clamp(0, 255).to(torch.uint8)


@torch.inference_mode()
def draw(
    sampler: Sampler,
    num: int,
    seed: int,
    *,
    purpose: str = "draw",
    label: int | None = None,
    given: Mapping[str, Tensor] | None = None,
) -> Iterator[Drawn]:
    """Yield ``num`` images in pieces of CHUNK, the last one shorter.

    Image i depends on the weights, ``seed``, ``purpose`` and i, not on ``num``. A conditioned
    sampler draws the classes as often as the training data has them, or only the one numbered
    ``label``. ``given`` holds ``num`` rows of every input that is not drawn, such as pictures, or
    that replaces what is drawn. Where nothing is a picture, every forward pass has CHUNK rows: a
    smaller batch takes other kernels, which round differently.
    """
    shrinks = translates(sampler)
    for chunk, start in enumerate(range(0, num, CHUNK)):
        count = min(CHUNK, num - start)
        rng = make_rng(sampler.device, seed, purpose, chunk)
        inputs = sampler.draw_inputs(CHUNK, rng)
        if label is not None:
            inputs["label"] = torch.full_like(inputs["label"], label)
        if shrinks:
            inputs = {name: value[:count] for name, value in inputs.items()}
        for name, value in (given or {}).items():
            rows = value[start : start + count].to(sampler.device)
            if shrinks:
                inputs[name] = rows
            else:
                inputs[name][:count] = rows
        images = to_uint8(sampler(**inputs))[:count]
        asked = inputs["label"][:count].cpu() if "label" in inputs else None
        yield Drawn(images.cpu(), asked)


@torch.inference_mode()
def images_of(sampler: Sampler, inputs: dict[str, Tensor]) -> Tensor:
    """uint8 (N, C, h, w) CPU images of given inputs."""
    return to_uint8(sampler(**inputs)).cpu()


def rows_of(sampler: Sampler, rows: int) -> int:
    """The rows of a grid: one for each of the first CLASS_ROWS classes that a sampler can be asked
    for; ``rows`` where it takes no label."""
    return rows if sampler.label is None else min(len(sampler.label.classes), CLASS_ROWS)


def fixed_inputs(sampler: Sampler, rows: int, columns: int, seed: int) -> dict[str, Tensor]:
    """The inputs of all grids of a run, row by row: those of its progress and the final one.

    :func:`rows_of` says how many rows there are. A conditioned sampler draws one class in each.
    """
    rows = rows_of(sampler, rows)
    inputs = sampler.draw_inputs(rows * columns, make_rng(sampler.device, seed, "fixed noise"))
    if sampler.label is not None:
        inputs["label"] = torch.arange(rows, device=sampler.device).repeat_interleave(columns)
    return inputs
