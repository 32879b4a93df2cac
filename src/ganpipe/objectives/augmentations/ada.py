"""Adaptive discriminator augmentation of Karras et al. 2020 (arXiv:2006.06676)."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from ganpipe.core.schema import Schedule
from ganpipe.objectives.augment import cut_out
from ganpipe.objectives.augmentation import SignFeedback
from ganpipe.objectives.augmentations.config import AdaConfig
from ganpipe.objectives.transforms.colour import colour_matrix
from ganpipe.objectives.transforms.reorient import reorient
from ganpipe.objectives.transforms.warp import Warp, rotations
from ganpipe.optim.schedule import value_at


def build(config: AdaConfig, image_shape: tuple[int, int, int]) -> AdaptiveAugmentation:
    """The augmentation of ``config`` for square images (C, S, S), grey or RGB."""
    return AdaptiveAugmentation(
        image_shape,
        transforms=config.transforms.model_dump(),
        probability=config.probability,
        target=config.target,
        every=config.every,
        images=config.images,
    )


class AdaptiveAugmentation(SignFeedback):
    """Random transforms, each drawn for each image with probability p: sections 2.2 and 2.4.

    Ranges and order are those of appendix B and the authors' program, with two departures. Images
    without a geometric transform are not filtered, which changes rounding alone. Flips and quarter
    turns move pixels and are exact; in the program they are part of the affine map, and its filter,
    which is not symmetric, changes a flipped image by 4 % of a smooth image's norm. In grey images
    hue and saturation change nothing, as there.

    p is ``probability``, or where that is None follows the discriminator. It is not bounded above,
    as in the program; above 1 every transform is drawn.
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        *,
        transforms: Mapping[str, float],
        probability: float | Schedule | None,
        target: float,
        every: int,
        images: int,
    ) -> None:
        super().__init__(target=target, every=every, images=images)
        self.probability = probability
        self.shares = dict(transforms)
        turning = ("flip", "turn", "rotation")
        self.reorients = tuple(name for name in turning if self.shares[name])
        self.warp = Warp(image_shape[1])

    def forward(self, images: Tensor, rng: torch.Generator, *, progress: float) -> Tensor:
        draws = _Draws(images, rng, self.shares, self.strength(progress))
        with torch.autocast(images.device.type, enabled=False):
            images = reorient(images, draws.coin("flip"), draws.integer("turn", 4))
            images = self._warped(images, draws)
            images = _recoloured(images, draws)
            length = (images.shape[2] + 1) // 2
            return cut_out(images, *draws.corner("cutout", length), height=length, width=length)

    def adapt(self, mean_sign: Tensor, *, images: int, rng: torch.Generator) -> None:
        if self.probability is None:
            super().adapt(mean_sign, images=images, rng=rng)

    def strength(self, progress: float) -> Tensor:
        if self.probability is None:
            return self.p.clamp(max=1)
        return torch.full_like(self.p, value_at(self.probability, progress))

    def _warped(self, images: Tensor, draws: _Draws) -> Tensor:
        """Shifted by whole pixels, scaled, rotated, stretched, rotated and shifted again, by one
        affine map; images whose map is the identity are left as they are, bit for bit."""
        side = images.shape[2]
        shift = (draws.uniform("shift", 0.125, 2) * side).round()
        scale = draws.factor("scale", 0.2)
        first = rotations(draws.uniform("first_rotation", math.pi))
        longer = draws.factor("anisotropy", 0.2)
        second = rotations(draws.uniform("second_rotation", math.pi))
        fraction = draws.normal("fractional_shift", 0.125, 2) * side

        sizes = torch.stack([longer, 1 / longer], 1) / scale[:, None]
        linear = first * sizes[:, None] @ second
        offset = -shift - (linear @ fraction[..., None])[..., 0]
        still = torch.eye(2, dtype=linear.dtype, device=linear.device)
        moved = (linear != still).flatten(1).any(1) | (offset != 0).any(1)
        chosen = moved.nonzero()[:, 0]
        if not len(chosen):
            return images
        warped = self.warp(images[chosen], linear[chosen], offset[chosen])
        return images.index_copy(0, chosen, warped)


class _Draws:
    """The random numbers of one batch of N images.

    Each method draws the parameters of a transform; where it does not happen to an image, they are
    those that change nothing. As much is drawn for transforms that are off, so that turning one on
    or off changes no other.
    """

    def __init__(
        self, images: Tensor, rng: torch.Generator, shares: Mapping[str, float], p: Tensor
    ) -> None:
        self.images, self.rng = images, rng
        chances = {name: share * p for name, share in shares.items()}
        # Of two rotations at least one then happens as often as any other transform.
        once = 1 - (1 - chances.pop("rotation")).sqrt()
        chances |= {"first_rotation": once, "second_rotation": once}
        happens = torch.stack([*chances.values()])[:, None] > self._uniform(len(chances)).T
        self.happens = dict(zip(chances, happens, strict=True))  # (N,) bool by transform

    def coin(self, name: str) -> Tensor:
        """(N,) bool, true for half of the images to which the transform happens."""
        return self.happens[name] & (self._uniform() < 0.5)

    def integer(self, name: str, count: int) -> Tensor:
        """(N,) int64 of 0 to count - 1; 0 changes nothing."""
        return self.happens[name] * (self._uniform() * count).long()

    def uniform(self, name: str, most: float, *shape: int) -> Tensor:
        """(N, *shape) of U(-most, most); 0 changes nothing."""
        return self._where(name, (2 * self._uniform(*shape) - 1) * most)

    def normal(self, name: str, deviation: float, *shape: int) -> Tensor:
        """(N, *shape) of N(0, deviation²); 0 changes nothing."""
        drawn = self._empty(*shape).normal_(0, deviation, generator=self.rng)
        return self._where(name, drawn)

    def factor(self, name: str, deviation: float) -> Tensor:
        """(N,) of 2^N(0, deviation²); 1 changes nothing."""
        return self.normal(name, deviation).exp2()

    def corner(self, name: str, length: int) -> tuple[Tensor, Tensor]:
        """(N,) int64 twice: the row and column of squares of ``length`` pixels whose centres are
        anywhere in the image; beyond it where the transform does not happen."""
        side = self.images.shape[2]
        corners = (self._uniform(2) * side - length / 2).round().long()
        top, left = torch.where(self.happens[name][:, None], corners, side).unbind(1)
        return top, left

    def _empty(self, *shape: int) -> Tensor:
        return self.images.new_empty((len(self.images), *shape))

    def _uniform(self, *shape: int) -> Tensor:
        """(N, *shape) of U[0, 1)."""
        return self._empty(*shape).uniform_(generator=self.rng)

    def _where(self, name: str, drawn: Tensor) -> Tensor:
        return torch.where(self.happens[name].view(-1, *[1] * (drawn.dim() - 1)), drawn, 0)


def _recoloured(images: Tensor, draws: _Draws) -> Tensor:
    """With another brightness, contrast, luma, hue and saturation, in this order, of which only the
    first does not commute with all others."""
    brightness = draws.normal("brightness", 0.2)
    contrast = draws.factor("contrast", 0.5)
    luma = torch.where(draws.coin("luma_flip"), -contrast, contrast)
    hue = draws.uniform("hue", math.pi)
    chroma = contrast * draws.factor("saturation", 1.0)

    grey = images.shape[1] == 1
    matrix = luma[:, None, None] if grey else colour_matrix(luma=luma, chroma=chroma, hue=hue)
    changed = (brightness != 0) | (luma != 1) | (chroma != 1) | (hue != 0)
    coloured = matrix @ (images + brightness.view(-1, 1, 1, 1)).flatten(2)
    return torch.where(changed.view(-1, 1, 1, 1), coloured.view_as(images), images)
