"""A pool of generated images: Shrivastava et al. 2017 (arXiv:1612.07828), section 2.3, in the form
of CycleGAN (arXiv:1703.10593, section 4)."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class ImagePool(nn.Module):
    """The last generated images, some of which a discriminator sees in place of the newest.

    All its state is in buffers, so that checkpoints hold a pool however full it is.
    """

    images: Tensor  # (size, C, H, W) float32
    count: Tensor  # int64: how many of them are filled

    def __init__(self, size: int, image_shape: tuple[int, int, int]) -> None:
        super().__init__()
        self.register_buffer("images", torch.zeros(size, *image_shape))
        self.register_buffer("count", torch.zeros((), dtype=torch.int64))

    @torch.no_grad()
    def exchange(self, new: Tensor, rng: torch.Generator) -> Tensor:
        """Images for the discriminator in place of ``new`` (N, C, H, W), of the same shape.

        Image after image: while the pool is not full, the image is put in and seen; then, with
        probability 1/2, a random image of the pool is seen, whose place it takes, or it is seen
        and forgotten.
        """
        size = len(self.images)
        if not size:
            return new
        swap = (torch.rand(len(new), generator=rng, device=rng.device) < 0.5).tolist()
        places = torch.randint(size, (len(new),), generator=rng, device=rng.device).tolist()
        filled, seen = int(self.count), new.float().clone()
        for index, image in enumerate(new):
            if filled < size:
                self.images[filled] = image
                filled += 1
            elif swap[index]:
                seen[index] = self.images[places[index]]
                self.images[places[index]] = image
        self.count.fill_(filled)
        return seen
