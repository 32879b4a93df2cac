"""Random weights for the Inception network, and pictures for it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torchvision.models import inception_v3


def random_weights(seed: int = 0) -> dict[str, torch.Tensor]:
    """Tensors of the published file's shapes, scaled so that signals neither die nor explode, with
    batch norms that do something."""
    rng = torch.Generator().manual_seed(seed)
    shapes = inception_v3(num_classes=1008, aux_logits=False, init_weights=False).state_dict()
    weights = {}
    for name, value in shapes.items():
        noise = torch.randn(value.shape, generator=rng)
        if value.ndim == 4:
            weights[name] = noise * (2 / value[0].numel()) ** 0.5
        elif name.endswith(("bn.weight", "running_var")):
            weights[name] = 1 + 0.2 * noise.clamp(-2, 2)
        elif value.is_floating_point():
            weights[name] = 0.1 * noise
        else:
            weights[name] = value
    return weights


def pictures(num: int, size: int, channels: int, seed: int) -> torch.Tensor:
    """uint8 (num, channels, size, size): smooth random patterns, distributed otherwise for each
    seed."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:size, :size] / size
    waves = rng.normal(2 + seed, 1, (num, channels, 2))
    phase = waves[..., :1, None] * y + waves[..., 1:, None] * x
    pixels = 127.5 * (1 + np.sin(6 * phase)) + rng.normal(0, 8, (num, channels, size, size))
    return torch.from_numpy(pixels.clip(0, 255).astype(np.uint8))


def save_pictures(folder: Path, images: torch.Tensor) -> None:
    """One PNG an image, in order."""
    folder.mkdir(parents=True)
    for index, image in enumerate(images.permute(0, 2, 3, 1).numpy()):
        Image.fromarray(image.squeeze()).save(folder / f"{index:04d}.png")
