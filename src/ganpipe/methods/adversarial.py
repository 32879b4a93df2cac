"""One generator against one discriminator (Goodfellow et al. 2014, arXiv:1406.2661)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ganpipe.core.errors import GanpipeError
from ganpipe.data.loading.batches import Batch
from ganpipe.data.spec import DataSpec
from ganpipe.methods.config import ModelConfig
from ganpipe.methods.method import Context, Loss, Method, Turn
from ganpipe.methods.schedule import updates_before, updates_in
from ganpipe.networks.build import build_discriminator
from ganpipe.networks.layers.minibatch import mixes_samples
from ganpipe.objectives.augment import diff_augment, instance_noise
from ganpipe.objectives.build import adversarial_loss, penalty
from ganpipe.objectives.labels import against_labels, are_plain
from ganpipe.objectives.matching import feature_matching
from ganpipe.objectives.unroll import Critic, Network, unrolled
from ganpipe.sampling.config import NoiseSamplerConfig
from ganpipe.sampling.sampler import Sampler
from ganpipe.sampling.samplers.noise import NoiseSampler, build_network


def build(config: ModelConfig, spec: DataSpec) -> Adversarial:
    """The method of ``config`` on ``spec``, with initial weights from the global stream.

    Raises GanpipeError for a conditioned model and images without labels.
    """
    return Adversarial(config, spec)


class Adversarial(Method):
    """The game of ``config.objective`` between the two networks of ``config``.

    In each step the discriminator is updated ``n_critic`` times, each time on a new batch and new
    generated images; then the generator is updated once, on the last of those images.
    """

    logged = ("d_loss", "g_loss", "d_real", "d_fake", "penalty")

    def __init__(self, config: ModelConfig, spec: DataSpec) -> None:
        super().__init__()
        self.objective = config.objective
        self.loss = adversarial_loss(config.objective.loss)
        self.penalties = {name: penalty(name) for name in config.objective.penalties}
        self.schedule = config.schedule
        self.conditioned = config.generator.conditioning != "none"
        if self.conditioned and not spec.target.classes:
            raise GanpipeError(
                f"the model is conditional, but the images of the dataset '{spec.name}' have no "
                "labels; put them into one subfolder a class, or set conditioning of generator and "
                "discriminator to none"
            )
        self.sampler_config = NoiseSamplerConfig(
            generator=config.generator,
            latent_dim=config.latent_dim,
            latent=config.latent,
            domain=spec.target,
        )
        generator = build_network(self.sampler_config)
        discriminator = build_discriminator(
            config.discriminator,
            image_shape=spec.target.image_shape,
            num_classes=len(spec.target.classes),
        )
        self.players = nn.ModuleDict({"generator": generator, "discriminator": discriminator})
        self.separate_passes = mixes_samples(discriminator)

    def turns(self, step: int) -> Sequence[Turn]:
        d_turn = Turn(
            player="discriminator",
            loss=self.d_loss,
            purpose="d_loss",
            new_batch=True,
            records=("generator",),
            after=self._clip_weights,
        )
        g_turn = Turn(player="generator", loss=self.g_loss, purpose="g_loss")
        times = updates_in(step, self.schedule.n_critic, self.schedule.critic_warmup)
        return [d_turn] * times + [g_turn]

    def batches_before(self, step: int) -> int:
        return updates_before(step, self.schedule.n_critic, self.schedule.critic_warmup)

    def samplers(self) -> dict[str, Sampler]:
        return {"": self.sampler}

    @property
    def sampler(self) -> NoiseSampler:
        """The sampler of the generator."""
        network: Any = self.players["generator"]
        return NoiseSampler(self.sampler_config, network)

    @property
    def discriminator(self) -> nn.Module:
        """Images (N, C, H, W), and labels if it is conditioned -> logits (N,)."""
        return self.players["discriminator"]

    def generate(self, context: Context) -> Tensor:
        """As many generated images (N, C, H, W) as the batch has real ones, with their graph.

        The labels are those of the real images, so that both networks are told the same classes.
        """
        inputs = self.sampler.draw_inputs(len(context.batch.real), context.stream("latent"))
        if self.conditioned:
            inputs["label"] = _labels(context.batch)
        images: Tensor = self.players["generator"](**inputs)
        return images

    def d_loss(self, context: Context) -> Loss:
        """The discriminator's loss on a real batch and new generated images, which are kept in
        ``context.shared`` for the generator's turn."""
        context.shared["fake"] = self.generate(context)
        real = self._seen(context.batch.real, context)
        fake = self._seen(context.shared["fake"].detach(), context)
        critic = self._critic(context.batch)
        on_real, on_fake = self._logits(critic, real, fake)
        total = self._against(on_real, on_fake, context.rng)
        parts = {"d_real": self._watched(on_real), "d_fake": self._watched(on_fake)}
        if self.objective.penalties:
            parts["penalty"] = self._penalty(critic, real, fake, context)
            total = total + parts["penalty"]
        parts["d_loss"] = total
        return Loss(total, {name: value.detach() for name, value in parts.items()})

    def g_loss(self, context: Context) -> Loss:
        """The generator's loss on the images of the discriminator's last turn."""
        fake = self._seen(context.shared["fake"], context)
        critic = self._critic(context.batch)
        if self.objective.feature_matching:
            total = self._match(context.batch, self._seen(context.batch.real, context), fake)
        elif self.objective.unrolled_steps:
            real = self._seen(context.batch.real, context)
            total = self._look_ahead(real, fake, context)
        elif self.loss.generator_sees_real:
            with torch.no_grad():
                on_real = critic(self._seen(context.batch.real, context)).float()
            total = self.loss.generator(on_real, critic(fake).float())
        else:
            on_fake = critic(fake).float()
            total = self.loss.generator(on_fake.new_empty(0), on_fake)
        return Loss(total, {"g_loss": total.detach()})

    def _clip_weights(self, context: Context, loss: Loss) -> None:
        """Clip every weight of D: Arjovsky et al. 2017 (arXiv:1701.07875), algorithm 1."""
        if bound := self.objective.weight_clip:
            d: Any = self.discriminator
            clipped = d.clipped_parameters() if self.conditioned else list(d.parameters())
            with torch.no_grad():
                torch._foreach_clamp_min_(clipped, -bound)
                torch._foreach_clamp_max_(clipped, bound)

    def _seen(self, images: Tensor, context: Context) -> Tensor:
        """The images as the discriminator sees them."""
        if kinds := self.objective.augment:
            images = diff_augment(images.float(), kinds, context.rng)
        if deviation := self.objective.instance_noise:
            deviation *= 1 - context.progress
            images = instance_noise(images.float(), deviation, context.rng)
        return images

    def _critic(self, batch: Batch, network: Network | None = None) -> Critic:
        """``network``, by default the discriminator, as a function of images alone.

        The images are one or more batches in a row whose labels are those of ``batch``.
        """
        network = network or self.discriminator
        if not self.conditioned:
            return network
        labels = _labels(batch)
        return lambda images: network(images, labels.repeat(len(images) // len(labels)))

    def _logits(self, critic: Critic, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
        """Both (N,) float32 outputs, from one pass if no image's output depends on another's."""
        if self.separate_passes:
            return critic(real).float(), critic(fake).float()
        first, second = critic(torch.cat([real, fake])).float().split(len(real))
        return first, second

    def _against(self, real: Tensor, fake: Tensor, rng: torch.Generator) -> Tensor:
        """The discriminator's loss on its (N,) logits, against the labels of the objective."""
        config, against = self.objective, self.loss.against
        labels = (config.real_label, config.fake_label)
        if are_plain(labels, config.label_flip) or against is None:
            return self.loss.discriminator(real, fake)
        return against_labels(against, real, fake, labels=labels, flip=config.label_flip, rng=rng)

    def _penalty(self, critic: Critic, real: Tensor, fake: Tensor, context: Context) -> Tensor:
        """The weighted sum of the penalties, in fp32 since second derivatives need its precision.

        Penalties that are applied at every k-th update count k times (Karras et al. 2020,
        arXiv:1912.04958, appendix B). The paper also corrects Adam's parameters, because there a
        penalty has updates of its own; here it shares them with the loss.
        """
        every = self.objective.penalty_every
        if context.update % every:
            return real.new_zeros(())
        with torch.autocast(real.device.type, enabled=False):
            images = real.float(), fake.float()
            terms = [
                weight * self.penalties[name](critic, *images, context.rng)
                for name, weight in self.objective.penalties.items()
            ]
        return every * torch.stack(terms).sum()

    def _match(self, batch: Batch, real: Tensor, fake: Tensor) -> Tensor:
        discriminator: Any = self.discriminator
        features = self._critic(batch, discriminator.features)
        with torch.no_grad():
            wanted = features(real).float().flatten(1)
        return feature_matching(wanted, features(fake).float().flatten(1))

    def _look_ahead(self, real: Tensor, fake: Tensor, context: Context) -> Tensor:
        """The generator's loss against the discriminator after ``unrolled_steps`` more updates.

        In a zero-sum game this is minus the discriminator's whole loss (Metz et al. 2017, eq. 4 and
        5), since the unrolled updates make the logits of real images depend on the generator as
        well. Smoothed and flipped labels are used in the discriminator's updates only.
        """

        def logits(network: Network) -> tuple[Tensor, Tensor]:
            return self._logits(self._critic(context.batch, network), real, fake)

        with torch.autocast(real.device.type, enabled=False):
            real, fake = real.float(), fake.float()
            ahead = unrolled(
                self.discriminator,
                lambda network: self._against(*logits(network), context.rng),
                self.objective.unrolled_steps,
                context.optimizers["discriminator"],
            )
            on_real, on_fake = logits(ahead)
            if self.loss.zero_sum:
                return -self.loss.discriminator(on_real, on_fake)
            return self.loss.generator(on_real, on_fake)

    def _watched(self, logits: Tensor) -> Tensor:
        """The mean of D(x) if outputs are logits of probabilities, otherwise the mean output."""
        return (logits.sigmoid() if self.loss.probability else logits).mean()


def _labels(batch: Batch) -> Tensor:
    if batch.label is None:
        raise ValueError("a conditional method needs a batch with labels")
    return batch.label
