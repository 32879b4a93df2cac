"""The forward diffusion of Diffusion-GAN: Wang et al. 2023 (arXiv:2206.02262)."""

from __future__ import annotations

import torch
from torch import Tensor

from ganpipe.objectives.augmentation import SignFeedback
from ganpipe.objectives.augmentations.config import DiffusionConfig, Distribution

LISTED = 64  # steps, from which every image draws its own
NOISY = 32  # of them, drawn anew whenever T may have changed; the others are 0


def build(config: DiffusionConfig, image_shape: tuple[int, int, int]) -> Diffusion:
    """The augmentation of ``config`` for images of any shape; its first steps are drawn from the
    global stream."""
    fields = config.model_dump(exclude={"kind", "tell_step"})
    return Diffusion(**fields, tell_step=config.tell_step)


class Diffusion(SignFeedback):
    """Images at random steps of a forward diffusion of T steps, where T follows the discriminator.

    An image x becomes √ᾱ(t) x + √(1 - ᾱ(t)) · noise · ε with ε from N(0, 1), section 3.1, where the
    deviation ``noise`` is that of the authors' program, not 1. ᾱ is that of T betas from
    ``beta_start`` to ``beta_end``, so that every T ends near the same noise per step. T is
    ``min_steps`` at p = 0 and ``max_steps`` at p = 1.

    Whenever p has moved, a list of 64 steps is made: 32 zeros, which leave images as they are, and
    32 draws from 1 to T. Three things are the program's, not the paper's. The probability of a step
    is proportional to t - 1 where ``distribution`` is priority, in place of t. T moves with the
    images seen (:class:`~ganpipe.objectives.augmentation.SignFeedback`), not by a constant. And
    each image, real or generated, draws its own step from the list; the paper's algorithm shares
    them between the two, which changes no expectation.

    With ``tell_step`` the discriminator is told the step: √(1 - ᾱ(t)), in [0, 1], in a channel
    behind those of the image, constant over its pixels.
    """

    most = 1.0

    steps: Tensor  # (LISTED,) int64: the list
    # (LISTED,) float32, of the steps listed:
    signal: Tensor  # √ᾱ(t)
    spread: Tensor  # √(1 - ᾱ(t))

    def __init__(
        self,
        *,
        min_steps: int,
        max_steps: int,
        beta_start: float,
        beta_end: float,
        noise: float,
        distribution: Distribution,
        tell_step: bool,
        target: float,
        every: int,
        images: int,
    ) -> None:
        super().__init__(target=target, every=every, images=images)
        self.bounds = min_steps, max_steps
        self.betas = beta_start, beta_end
        self.noise = noise
        self.distribution = distribution
        self.appended = int(tell_step)
        self.register_buffer("steps", torch.zeros(LISTED, dtype=torch.int64))
        for name in ("signal", "spread"):
            self.register_buffer(name, torch.zeros(LISTED))
        self._list(min_steps, torch.rand(NOISY))

    @property
    def length(self) -> int:
        """T, the number of steps of the chain."""
        least, most = self.bounds
        return least + round(float(self.p) * (most - least))

    def forward(self, images: Tensor, rng: torch.Generator, *, progress: float) -> Tensor:
        count, _, height, width = images.shape
        place = torch.randint(LISTED, (count,), device=images.device, generator=rng)
        epsilon = torch.empty_like(images).normal_(generator=rng)
        signal, spread = (each[place].view(-1, 1, 1, 1) for each in (self.signal, self.spread))
        diffused = signal * images + spread * self.noise * epsilon
        if not self.appended:
            return diffused
        told = spread.to(diffused.dtype).expand(-1, 1, height, width)
        return torch.cat([diffused, told], 1)

    def strength(self, progress: float) -> Tensor:
        return self.p.clone()

    def p_has_moved(self, rng: torch.Generator) -> None:
        uniform = torch.empty(NOISY, device=self.p.device).uniform_(generator=rng)
        self._list(self.length, uniform.cpu())

    def _list(self, length: int, uniform: Tensor) -> None:
        """Make the list for T = ``length`` from (NOISY,) numbers in [0, 1)."""
        drawn = draw_steps(uniform, length, self.distribution)
        steps = torch.cat([torch.zeros(LISTED - NOISY, dtype=torch.int64), drawn])
        share = signal_shares(length, *self.betas)[steps]
        self.steps.copy_(steps)
        self.signal.copy_(share.sqrt())
        self.spread.copy_((1 - share).sqrt())


def signal_shares(length: int, beta_start: float, beta_end: float) -> Tensor:
    """(length + 1,) float64: ᾱ(t), the product of 1 - β up to step t, for t from 0 to ``length``;
    the betas rise linearly."""
    kept = 1 - torch.linspace(beta_start, beta_end, length, dtype=torch.float64)
    return torch.cat([torch.ones(1, dtype=torch.float64), kept.cumprod(0)])


def draw_steps(uniform: Tensor, length: int, distribution: Distribution) -> Tensor:
    """(N,) int64 steps in 1..``length`` from (N,) numbers in [0, 1): all alike, or with a
    probability proportional to t - 1."""
    t = torch.arange(1, length + 1, dtype=torch.float64)
    below = t * (t - 1) / (length * (length - 1)) if distribution == "priority" else t / length
    return 1 + torch.searchsorted(below, uniform.double(), right=True)
