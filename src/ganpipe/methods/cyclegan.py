"""CycleGAN: Zhu et al. 2017, "Unpaired Image-to-Image Translation using Cycle-Consistent
Adversarial Networks" (arXiv:1703.10593)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ganpipe.core.errors import GanpipeError
from ganpipe.data.loading.sources import source_of
from ganpipe.data.spec import DataSpec
from ganpipe.methods.configs.cyclegan import CycleGANConfig
from ganpipe.methods.image_pool import ImagePool
from ganpipe.methods.method import Context, Loss, Method, Turn
from ganpipe.networks.translators import build_patch_discriminator
from ganpipe.sampling.configs.translate import TranslateSamplerConfig
from ganpipe.sampling.pictures import BACK
from ganpipe.sampling.sampler import Sampler
from ganpipe.sampling.samplers.translate import TranslateSampler, build_network


def build(config: CycleGANConfig, spec: DataSpec) -> CycleGAN:
    """The method of ``config`` on ``spec``, with initial weights from the global stream.

    Raises GanpipeError where there is no source, where images are too small for the discriminator,
    and for the identity loss between domains of different channels.
    """
    return CycleGAN(config, spec)


class CycleGAN(Method):
    """Two translators, of sources (a) to targets (b) and back, each against a discriminator.

    In each step both generators are updated together by eq. 3 in its form of least squares
    (section 4), plus the identity loss of section 5.2; then both discriminators, whose objective is
    halved, on real images and on those that a pool gives for the translated ones. That is the order
    of the authors' later program; its one Adam for both networks of a side is kept, which
    differs in nothing from two.
    """

    logged = ("d_loss", "g_loss", "d_real", "d_fake", "cycle", "identity")

    def __init__(self, config: CycleGANConfig, spec: DataSpec) -> None:
        super().__init__()
        self.cycle, self.identity = config.cycle, config.cycle * config.identity
        a, b = source_of(spec), spec.target
        if self.identity and a.channels != b.channels:
            raise GanpipeError(
                f"the identity loss feeds a network that takes {a.channels} channels with images "
                f"of {b.channels}; set the model's identity to 0"
            )
        self.sampler_configs = {
            "": TranslateSamplerConfig(
                generator=config.generator, direction="a_to_b", given=a, domain=b
            ),
            BACK: TranslateSamplerConfig(
                generator=config.generator, direction="b_to_a", given=b, domain=a
            ),
        }
        sides = {"a": a, "b": b}
        generators: dict[str, nn.Module] = {
            each.direction: build_network(each) for each in self.sampler_configs.values()
        }
        discriminators = {
            side: build_patch_discriminator(config.discriminator, domain.image_shape)
            for side, domain in sides.items()
        }
        self.players = nn.ModuleDict(
            {
                "generator": nn.ModuleDict(generators),
                "discriminator": nn.ModuleDict(discriminators),
            }
        )
        self.pools = nn.ModuleDict(
            {
                side: ImagePool(config.image_pool, domain.image_shape)
                for side, domain in sides.items()
            }
        )

    def turns(self, step: int) -> Sequence[Turn]:
        return [
            Turn(player="generator", loss=self.g_loss, purpose="g_loss", new_batch=True),
            Turn(player="discriminator", loss=self.d_loss, purpose="d_loss"),
        ]

    def batches_before(self, step: int) -> int:
        return step

    def samplers(self) -> dict[str, Sampler]:
        generators: Any = self.players["generator"]
        return {
            name: TranslateSampler(config, generators[config.direction])
            for name, config in self.sampler_configs.items()
        }

    def g_loss(self, context: Context) -> Loss:
        """The loss of both generators; what they made is kept in ``context.shared``."""
        generators: Any = self.players["generator"]
        discriminators: Any = self.players["discriminator"]
        there, back = generators["a_to_b"], generators["b_to_a"]
        a, b = _sides(context)
        fake = {"a": back(b), "b": there(a)}
        context.shared["fake"] = {side: images.detach() for side, images in fake.items()}
        fooled = [_error(discriminators[side](images), 1) for side, images in fake.items()]
        cycle = _distance(back(fake["b"]), a) + _distance(there(fake["a"]), b)
        total = sum(fooled) + self.cycle * cycle
        parts = {"cycle": cycle}
        if self.identity:
            parts["identity"] = _distance(there(b), b) + _distance(back(a), a)
            total = total + self.identity * parts["identity"]
        parts["g_loss"] = total
        return Loss.of(total, parts)

    def d_loss(self, context: Context) -> Loss:
        """The loss of both discriminators; the logged outputs are means over both."""
        discriminators: Any = self.players["discriminator"]
        real = dict(zip("ab", _sides(context), strict=True))
        verdicts: dict[str, list[Tensor]] = {"d_real": [], "d_fake": []}
        losses: list[Tensor] = []
        for side, discriminator in discriminators.items():
            pool: Any = self.pools[side]
            fake = pool.exchange(context.shared["fake"][side], context.rng)
            on_real, on_fake = discriminator(real[side]), discriminator(fake)
            losses.append((_error(on_real, 1) + _error(on_fake, 0)) / 2)
            verdicts["d_real"].append(on_real.float().mean())
            verdicts["d_fake"].append(on_fake.float().mean())
        total = torch.stack(losses).sum()
        parts = {name: torch.stack(values).mean() for name, values in verdicts.items()}
        parts["d_loss"] = total
        return Loss.of(total, parts)


def _sides(context: Context) -> tuple[Tensor, Tensor]:
    """Source and target images of the batch."""
    return context.batch.expect_source(), context.batch.real


def _error(logits: Tensor, label: float) -> Tensor:
    """The mean of (D - label)² over all patches."""
    return (logits.float() - label).square().mean()


def _distance(images: Tensor, others: Tensor) -> Tensor:
    """The mean distance |x - y| of a channel of a pixel, in the range [0, 2]."""
    return (images.float() - others).abs().mean()
