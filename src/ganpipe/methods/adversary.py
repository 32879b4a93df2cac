"""One generator against one discriminator (Goodfellow et al. 2014, arXiv:1406.2661)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ganpipe.methods.config import ModelConfig
from ganpipe.methods.method import Method
from ganpipe.networks.build import build_discriminator, build_generator
from ganpipe.networks.layers import mixes_samples
from ganpipe.objectives.losses import LOSSES
from ganpipe.types import Batch, DataSpec, Loss


class Adversary(Method):
    """The game of ``config.objective`` between the two networks of ``config``."""

    def __init__(self, config: ModelConfig, spec: DataSpec) -> None:
        super().__init__()
        self.latent_dim = config.latent_dim
        self.latent = config.latent
        self.n_critic = config.objective.n_critic
        self.loss = LOSSES[config.objective.loss]
        self.g_nets = nn.ModuleDict(
            {"generator": build_generator(config.generator, config.latent_dim, spec.shape)}
        )
        self.d_nets = nn.ModuleDict(
            {"discriminator": build_discriminator(config.discriminator, spec.shape)}
        )
        self.separate_passes = mixes_samples(self.d_nets)

    def generate(self, batch: Batch, rng: torch.Generator) -> dict[str, Tensor]:
        return {"fake": self.generator()(**self.inputs(len(batch.real), rng))}

    def d_loss(self, batch: Batch, fakes: dict[str, Tensor], rng: torch.Generator) -> Loss:
        real, fake = self._logits(batch.real, fakes["fake"].detach())
        total = self.loss.discriminator(real, fake)
        parts = {"d_loss": total, "d_real": self._watched(real), "d_fake": self._watched(fake)}
        return Loss(total, {name: value.detach() for name, value in parts.items()})

    def g_loss(self, batch: Batch, fakes: dict[str, Tensor], rng: torch.Generator) -> Loss:
        total = self.loss.generator(self.d_nets["discriminator"](fakes["fake"]).float())
        return Loss(total, {"g_loss": total.detach()})

    def generator(self) -> nn.Module:
        return self.g_nets["generator"]

    def inputs(self, n: int, rng: torch.Generator) -> dict[str, Tensor]:
        z = torch.empty(n, self.latent_dim, device=rng.device)
        if self.latent == "normal":
            return {"z": z.normal_(generator=rng)}
        return {"z": z.uniform_(-1, 1, generator=rng)}

    def _logits(self, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
        """Both (N,) float32 outputs, in one pass where no image's output depends on another's."""
        discriminator = self.d_nets["discriminator"]
        if self.separate_passes:
            return discriminator(real).float(), discriminator(fake).float()
        first, second = discriminator(torch.cat([real, fake])).float().split(len(real))
        return first, second

    def _watched(self, logits: Tensor) -> Tensor:
        """D(x) where the output is a logit of a probability, the mean score where it is not."""
        return (logits.sigmoid() if self.loss.probability else logits).mean()
