"""The penalties of an objective, with their weights."""

from __future__ import annotations

import torch
from torch import Tensor

from ganpipe.methods.method import Context
from ganpipe.objectives.build import penalty
from ganpipe.objectives.config import ObjectiveConfig
from ganpipe.objectives.gradients import Critic
from ganpipe.optim.schedule import value_at


class Penalties:
    """The weighted sum of all penalties of an objective."""

    def __init__(self, config: ObjectiveConfig) -> None:
        self.weights = config.penalties
        self.every = config.penalty_every
        self._functions = {name: penalty(name) for name in config.penalties}

    def __call__(self, critic: Critic, real: Tensor, fake: Tensor, context: Context) -> Tensor:
        """The sum for real and generated images (N, C, H, W), in fp32 since second derivatives need
        its precision.

        Penalties that are applied at every k-th update count k times (Karras et al. 2020,
        arXiv:1912.04958, appendix B).
        """
        with torch.autocast(real.device.type, enabled=False):
            real, fake = real.detach().float(), fake.detach().float()
            terms = [
                value_at(weight, context.progress)
                * self._functions[name](critic, real, fake, context.rng)
                for name, weight in self.weights.items()
            ]
        return self.every * torch.stack(terms).sum()
