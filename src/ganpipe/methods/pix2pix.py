"""Pix2pix: Isola et al. 2017, "Image-to-Image Translation with Conditional Adversarial Networks"
(arXiv:1611.07004)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ganpipe.data.loading.batches import Batch
from ganpipe.data.loading.sources import source_of
from ganpipe.data.spec import DataSpec
from ganpipe.methods.configs.pix2pix import Pix2PixConfig
from ganpipe.methods.method import Context, Loss, Method, Turn
from ganpipe.networks.translators import build_patch_discriminator
from ganpipe.objectives.losses.non_saturating import LOSS
from ganpipe.sampling.configs.translate import TranslateSamplerConfig
from ganpipe.sampling.sampler import Sampler
from ganpipe.sampling.samplers.translate import TranslateSampler, build_network


def build(config: Pix2PixConfig, spec: DataSpec) -> Pix2Pix:
    """The method of ``config`` on ``spec``, with initial weights from the global stream.

    Raises GanpipeError where there is no source, or images are too small for the discriminator.
    """
    return Pix2Pix(config, spec)


class Pix2Pix(Method):
    """min_G max_D of eq. 1 (eq. 2 where it is not ``conditional``), plus ``l1`` times eq. 3.

    In each step the discriminator is updated, then the generator, on the same translated images,
    as in the authors' program. G maximises log D instead of minimising log(1 - D) (section 3.3),
    and the loss is the mean over all patches. The paper halves the objective of D; its program
    does so in the log alone, and Adam hardly feels a factor: it is whole here as well. Without a
    discriminator the generator alone is updated, by eq. 3.
    """

    logged = ("d_loss", "g_loss", "l1", "d_real", "d_fake")

    def __init__(self, config: Pix2PixConfig, spec: DataSpec) -> None:
        super().__init__()
        self.weight, self.conditional = config.l1, config.conditional
        source = source_of(spec)
        self.sampler_config = TranslateSamplerConfig(
            generator=config.generator, direction="a_to_b", given=source, domain=spec.target
        )
        self.players = nn.ModuleDict({"generator": build_network(self.sampler_config)})
        if config.discriminator is not None:
            channels, height, width = spec.target.image_shape
            seen = channels + (source.channels if config.conditional else 0)
            self.players["discriminator"] = build_patch_discriminator(
                config.discriminator, (seen, height, width)
            )

    def turns(self, step: int) -> Sequence[Turn]:
        if "discriminator" not in self.players:
            return [Turn(player="generator", loss=self.g_loss, purpose="g_loss", new_batch=True)]
        d_turn = Turn(
            player="discriminator",
            loss=self.d_loss,
            purpose="d_loss",
            new_batch=True,
            records=("generator",),
        )
        return [d_turn, Turn(player="generator", loss=self.g_loss, purpose="g_loss")]

    def batches_before(self, step: int) -> int:
        return step

    def samplers(self) -> dict[str, Sampler]:
        return {"": TranslateSampler(self.sampler_config, self.players["generator"])}

    def d_loss(self, context: Context) -> Loss:
        """The discriminator's loss on real and translated images; the latter are kept in
        ``context.shared``, with their graph, for the generator's turn."""
        fake = self._translate(context)
        on_real = self._verdict(context.batch, context.batch.real)
        on_fake = self._verdict(context.batch, fake.detach())
        total = LOSS.discriminator(on_real, on_fake)
        watched = {"d_real": on_real.sigmoid().mean(), "d_fake": on_fake.sigmoid().mean()}
        parts = {"d_loss": total, **watched}
        return Loss.of(total, parts)

    def g_loss(self, context: Context) -> Loss:
        """The generator's loss: what the discriminator says, and the distance to the truth."""
        fake = context.shared["fake"] if "fake" in context.shared else self._translate(context)
        l1 = (fake.float() - context.batch.real).abs().mean()
        total = self.weight * l1
        if "discriminator" in self.players:
            on_fake = self._verdict(context.batch, fake)
            total = total + LOSS.generator(on_fake.new_empty(0), on_fake)
        return Loss.of(total, {"g_loss": total, "l1": l1})

    def _translate(self, context: Context) -> Tensor:
        images: Tensor = self.players["generator"](context.batch.expect_source())
        context.shared["fake"] = images
        return images

    def _verdict(self, batch: Batch, images: Tensor) -> Tensor:
        """(N, 1, h, w) float32 logits of the patches of ``images``."""
        if self.conditional:
            images = torch.cat([batch.expect_source(), images.float()], 1)
        logits: Tensor = self.players["discriminator"](images)
        return logits.float()
