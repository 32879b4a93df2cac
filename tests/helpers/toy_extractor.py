"""An extractor that is fast and exact, and images for it."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from ganpipe.features.extractor import Extractor, Output

SIDE = 8
CLASSES = 4


class Toy(nn.Module):
    """Features that are sums of pixels, and one logit a quarter of the image."""

    def __init__(self) -> None:
        super().__init__()
        rng = torch.Generator().manual_seed(0)
        self.weight = nn.Parameter(torch.randn(SIDE * SIDE, 12, generator=rng) / 8)

    def forward(self, images: torch.Tensor) -> Output:
        x = images.float().div(255)
        quarters = nn.functional.avg_pool2d(x, SIDE // 2).flatten(1)
        return Output(x.flatten(1) @ self.weight, 20 * quarters)


TOY = Extractor(
    name="classifier",
    suffix="_classifier",
    network=Toy(),
    width=12,
    channels=(1,),
    size=SIDE,
    protocol={"extractor": "toy", "weights_sha256": "0", "precision": "fp32", "resize": "none"},
    score="score",
    training_share=dict.fromkeys("abcd", 0.25),
)


def draw(num: int, seed: int, classes: int = CLASSES, noise: float = 25.0) -> np.ndarray:
    """uint8 (num, 1, 8, 8): one bright quarter, its brightness and the noise vary."""
    rng = np.random.default_rng(seed)
    images = rng.normal(60, noise, (num, 1, SIDE, SIDE))
    for image, which in zip(images, rng.integers(0, classes, num), strict=True):
        y, x = divmod(int(which), 2)
        image[:, 4 * y : 4 * y + 4, 4 * x : 4 * x + 4] += rng.uniform(60, 160)
    return images.clip(0, 255).astype(np.uint8)
