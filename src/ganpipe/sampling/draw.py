"""Images from a trained generator: single ones, grids and interpolations."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from ganpipe.core.errors import GanpipeError
from ganpipe.data.spec import DataSpec
from ganpipe.methods.method import Method
from ganpipe.runtime.seeding import make_rng
from ganpipe.sampling.trained import Trained

CHUNK = 250  # images per forward pass; fixed, so that the n-th image depends on the seed alone
GAP = 2  # pixels between the images of a grid


def to_uint8(images: Tensor) -> Tensor:
    """Float (N, C, H, W) in [-1, 1] -> uint8, rounded to the nearest of the 256 grey values.

    Raises GanpipeError for NaN and infinity, which would turn black or white and be judged so.
    """
    if not images.isfinite().all():
        raise GanpipeError(
            "the generator draws images with NaN or infinity in them: its weights have diverged or "
            "are damaged; train it again with a lower optimizer.lr, or take an earlier snapshot"
        )
    return images.float().add(1).mul(127.5).round().clamp(0, 255).to(torch.uint8)


@torch.inference_mode()
def draw(
    trained: Trained, num: int, seed: int, purpose: str = "draw", label: int | None = None
) -> Iterator[Tensor]:
    """Yield ``num`` images as uint8 (n, C, h, w) CPU tensors, at the data's native size.

    Image i depends on the weights, ``seed``, ``purpose`` and i, not on ``num``. A conditional
    generator draws the classes as often as the training data has them, or only the one numbered
    ``label``.
    """
    for start, inputs in _inputs(trained, num, seed, purpose):
        if label is not None:
            inputs["label"] = torch.full_like(inputs["label"], label)
        images = to_uint8(trained.method.generator()(**inputs))
        yield trained.spec.crop(images[: num - start]).cpu()


def drawn_labels(trained: Trained, num: int, seed: int, purpose: str = "draw") -> Tensor | None:
    """(num,) int64 classes that :func:`draw` asks for; None where the generator is not told."""
    if not trained.method.classes:
        return None
    chunks = [inputs["label"] for _, inputs in _inputs(trained, num, seed, purpose)]
    return torch.cat(chunks)[:num].cpu()


def _inputs(
    trained: Trained, num: int, seed: int, purpose: str
) -> Iterator[tuple[int, dict[str, Tensor]]]:
    for chunk, start in enumerate(range(0, num, CHUNK)):
        yield start, trained.method.inputs(CHUNK, make_rng(trained.device, seed, purpose, chunk))


@torch.inference_mode()
def fixed_noise_images(network: nn.Module, inputs: dict[str, Tensor], spec: DataSpec) -> Tensor:
    """uint8 (N, C, h, w) CPU images of one generator from given inputs."""
    return spec.crop(to_uint8(network(**inputs))).cpu()


def fixed_inputs(method: Method, num: int, seed: int, device: torch.device) -> dict[str, Tensor]:
    """The inputs that every grid of a run shows, from progress to the final one; a conditional
    generator goes through the classes, again and again."""
    inputs = method.inputs(num, make_rng(device, seed, "fixed noise"))
    if method.classes:
        inputs["label"] = torch.arange(num, device=device) % method.classes
    return inputs
