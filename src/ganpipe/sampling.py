"""Images from a trained generator: single ones, grids and interpolations."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from ganpipe.errors import GanpipeError
from ganpipe.files import atomic_path
from ganpipe.methods.method import Method
from ganpipe.seeding import generator
from ganpipe.types import DataSpec
from ganpipe.weights import Trained

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
        yield start, trained.method.inputs(CHUNK, generator(trained.device, seed, purpose, chunk))


@torch.inference_mode()
def fixed_noise_images(network: nn.Module, inputs: dict[str, Tensor], spec: DataSpec) -> Tensor:
    """uint8 (N, C, h, w) CPU images of one generator from given inputs."""
    return spec.crop(to_uint8(network(**inputs))).cpu()


def fixed_inputs(method: Method, num: int, seed: int, device: torch.device) -> dict[str, Tensor]:
    """The inputs that every grid of a run shows, from progress to the final one; a conditional
    generator goes through the classes, again and again."""
    inputs = method.inputs(num, generator(device, seed, "fixed noise"))
    if method.classes:
        inputs["label"] = torch.arange(num, device=device) % method.classes
    return inputs


@torch.inference_mode()
def interpolate(trained: Trained, rows: int, steps: int, seed: int) -> Tensor:
    """uint8 (rows * steps, C, h, w): each row goes from one random input to another.

    Normal noise goes along the great circle, since its mass lies on a sphere (White 2016,
    arXiv:1609.04468), uniform noise along the straight line, which does not leave its cube; all
    other inputs, such as labels, stay.
    """
    ends = trained.method.inputs(2 * rows, generator(trained.device, seed, "interpolation"))
    weights = torch.linspace(0, 1, steps, device=trained.device)
    between = slerp if trained.method.latent == "normal" else torch.lerp
    path: dict[str, Tensor] = {}
    for name, value in ends.items():
        first, last = value[:rows], value[rows:]
        mix = between if name == "z" else _stay
        path[name] = torch.stack([mix(first, last, t) for t in weights], 1).flatten(0, 1)
    return fixed_noise_images(trained.method.generator(), path, trained.spec)


def slerp(first: Tensor, last: Tensor, t: Tensor) -> Tensor:
    """Spherical interpolation between the rows of two (N, d) tensors, 0 <= t <= 1 (Shoemake 1985).

    Rows that point the same way are interpolated linearly.
    """
    cosine = torch.cosine_similarity(first, last, dim=1).clamp(-1, 1)
    angle = cosine.acos()[:, None]
    sine = angle.sin()
    straight = sine < 1e-6
    safe = torch.where(straight, 1, sine)
    a = torch.where(straight, 1 - t, ((1 - t) * angle).sin() / safe)
    b = torch.where(straight, t, (t * angle).sin() / safe)
    return a * first + b * last


def _stay(first: Tensor, last: Tensor, t: Tensor) -> Tensor:
    return first


def tile(images: Tensor, columns: int) -> np.ndarray:
    """uint8 (N, C, h, w) -> one uint8 (H, W, C) picture, ``columns`` images a row, on white."""
    count, channels, height, width = images.shape
    rows = -(-count // columns)
    step_y, step_x = height + GAP, width + GAP
    shape = (rows * step_y + GAP, columns * step_x + GAP, channels)
    canvas = np.full(shape, 255, dtype=np.uint8)
    for index, image in enumerate(images.permute(0, 2, 3, 1).numpy()):
        y, x = (index // columns) * step_y + GAP, (index % columns) * step_x + GAP
        canvas[y : y + height, x : x + width] = image
    return canvas


def save_grid(path: Path, images: Tensor, columns: int) -> None:
    """Write :func:`tile`'s picture as a PNG, atomically."""
    with atomic_path(path) as temporary:
        as_picture(tile(images, columns)).save(temporary, format="PNG")


def as_picture(pixels: np.ndarray) -> Image.Image:
    """A uint8 (H, W, 1 or 3) array as a Pillow image."""
    return Image.fromarray(pixels.squeeze(2) if pixels.shape[2] == 1 else pixels)
