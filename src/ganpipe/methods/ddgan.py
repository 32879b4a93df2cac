"""The denoising diffusion GAN: Xiao et al. 2022, "Tackling the Generative Learning Trilemma with
Denoising Diffusion GANs" (arXiv:2112.07804)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from ganpipe.data.spec import DataSpec
from ganpipe.methods.configs.ddgan import DDGANConfig
from ganpipe.methods.method import Context, Loss, Method, Turn
from ganpipe.networks.denoising import build_pair_discriminator
from ganpipe.objectives.losses.non_saturating import LOSS
from ganpipe.objectives.penalties import r1
from ganpipe.optim.schedule import value_at
from ganpipe.sampling.configs.denoising_chain import DenoisingChainConfig
from ganpipe.sampling.diffusion import Step, denoised, neighbours, of_images, schedule
from ganpipe.sampling.sampler import Sampler
from ganpipe.sampling.samplers.denoising_chain import DenoisingChainSampler, build_network


def build(config: DDGANConfig, spec: DataSpec) -> DDGAN:
    """The method of ``config`` on ``spec``, with initial weights from the global stream.

    Raises GanpipeError where the generator does not fit the size of the images.
    """
    return DDGAN(config, spec)


class Diffused(NamedTuple):
    """Real images at two neighbouring levels of noise, each (N, C, H, W) float32."""

    number: Tensor  # int64 (N,): t, of the step between
    step: Step
    less: Tensor  # level t
    more: Tensor  # level t + 1


class DDGAN(Method):
    """In each step D learns to tell real pairs of neighbouring levels from those whose less noisy
    half is drawn given images that G makes of the other half; G learns to mislead it (section 3.2).
    Both losses are non-saturating.

    The order is that of the authors' program: one update of D, one of G on the same real images,
    each with steps and noise of its own. R1 is taken at level t of real pairs, at every k-th update
    and, as in the program, without the factor k.
    """

    # The penalty is the amount added to d_loss: at every k-th update, and at those alone logged.
    logged = ("d_loss", "g_loss", "d_real", "d_fake", "penalty")

    def __init__(self, config: DDGANConfig, spec: DataSpec) -> None:
        super().__init__()
        self.r1, self.r1_every = config.r1, config.r1_every
        self.steps = schedule(config.steps)
        self.latent_dim = config.latent_dim
        self.sampler_config = DenoisingChainConfig(
            generator=config.generator,
            latent_dim=config.latent_dim,
            steps=config.steps,
            domain=spec.target,
        )
        shape = spec.target.image_shape
        generator = build_network(self.sampler_config)
        discriminator = build_pair_discriminator(config.discriminator, image_shape=shape)
        self.players = nn.ModuleDict({"generator": generator, "discriminator": discriminator})

    def turns(self, step: int) -> Sequence[Turn]:
        return [
            Turn(player="discriminator", loss=self.d_loss, purpose="d_loss", new_batch=True),
            Turn(player="generator", loss=self.g_loss, purpose="g_loss"),
        ]

    def batches_before(self, step: int) -> int:
        return step

    def samplers(self) -> dict[str, Sampler]:
        generator: Any = self.players["generator"]
        return {"": DenoisingChainSampler(self.sampler_config, generator)}

    def d_loss(self, context: Context) -> Loss:
        """The discriminator's loss on real pairs and on those with a generated half."""
        real = self._diffused(context)
        made = self._made(real, context).detach()
        on_real, on_fake = self._verdict(real.less, real), self._verdict(made, real)
        total = LOSS.discriminator(on_real, on_fake)
        parts = {"d_real": on_real.sigmoid().mean(), "d_fake": on_fake.sigmoid().mean()}
        if self.r1 and context.update % self.r1_every == 0:
            parts["penalty"] = self._penalty(real, made, context)
            total = total + parts["penalty"]
        parts["d_loss"] = total
        return Loss.of(total, parts)

    def g_loss(self, context: Context) -> Loss:
        """The generator's loss on pairs with a generated half."""
        real = self._diffused(context)
        on_fake = self._verdict(self._made(real, context), real)
        total = LOSS.generator(on_fake.new_empty(0), on_fake)
        return Loss.of(total, {"g_loss": total})

    def _diffused(self, context: Context) -> Diffused:
        """The batch at a step for each image, all steps being as likely."""
        images, rng = context.batch.real, context.rng
        count = len(images)
        number = torch.randint(len(self.steps), (count,), generator=rng, device=rng.device)
        step = of_images(self.steps, number)
        less, more = neighbours(step, images, normal((2, *images.shape), rng))
        return Diffused(number, step, less, more)

    def _made(self, real: Diffused, context: Context) -> Tensor:
        """Level t, drawn given images that G makes of level t + 1 by noise of the turn's stream."""
        rng = context.rng
        z = normal((len(real.more), self.latent_dim), rng)
        images = self.players["generator"](real.more, real.number, z).float()
        return denoised(real.step, images, real.more, normal(images.shape, rng))

    def _verdict(self, less: Tensor, real: Diffused) -> Tensor:
        """(N,) float32 logits of pairs of images ``less`` with level t + 1. Real and generated ones
        are judged in passes of their own, since D looks at several pairs together."""
        logits: Tensor = self.players["discriminator"](torch.cat([less, real.more], 1), real.number)
        return logits.float()

    def _penalty(self, real: Diffused, made: Tensor, context: Context) -> Tensor:
        """R1 at level t of real pairs, in fp32 since second derivatives need its precision."""
        with torch.autocast(made.device.type, enabled=False):
            penalty = r1.penalty(
                lambda less: self._verdict(less, real), real.less, made, context.rng
            )
        return value_at(self.r1, context.progress) * penalty


def normal(shape: Sequence[int], rng: torch.Generator) -> Tensor:
    """Draws from N(0, 1), float32 on the device of ``rng``."""
    return torch.empty(*shape, device=rng.device).normal_(generator=rng)
