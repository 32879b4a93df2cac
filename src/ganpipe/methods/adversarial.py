"""One generator against one discriminator (Goodfellow et al. 2014, arXiv:1406.2661)."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ganpipe.core.errors import GanpipeError
from ganpipe.data.loading.batches import Batch
from ganpipe.data.spec import DataSpec
from ganpipe.methods.config import ModelConfig
from ganpipe.methods.method import Loss, Method, Moment
from ganpipe.networks.build import build_discriminator, build_generator
from ganpipe.networks.layers.conditioning import ConditionalDiscriminator, ConditionalGenerator
from ganpipe.networks.layers.minibatch import mixes_samples
from ganpipe.objectives.augment import diff_augment, instance_noise
from ganpipe.objectives.losses import against_labels
from ganpipe.objectives.matching import feature_matching
from ganpipe.objectives.penalties import PENALTIES
from ganpipe.objectives.unroll import Critic, Network, unrolled


class Adversary(Method):
    """The game of ``config.objective`` between the two networks of ``config``."""

    label_bounds: Tensor  # in [0, 1): where the share of one class ends and the next begins

    def __init__(self, config: ModelConfig, spec: DataSpec) -> None:
        super().__init__()
        self.latent_dim = config.latent_dim
        self.latent = config.latent
        self.objective = config.objective
        self.loss = config.objective.adversarial
        self.n_critic = config.objective.n_critic
        self.critic_warmup = config.objective.critic_warmup
        if config.conditional and not spec.classes:
            raise GanpipeError(
                f"the model is conditional, but the images of the dataset '{spec.name}' have no "
                "labels; put them into one subfolder a class, or set conditional to false"
            )
        self.classes = classes = len(spec.classes) if config.conditional else 0
        generator = build_generator(config.generator, config.latent_dim + classes, spec.shape)
        channels, height, width = spec.shape
        seen = (channels + bool(classes), height, width)
        self.g_nets = nn.ModuleDict({"generator": generator})
        discriminator = build_discriminator(config.discriminator, seen)
        self.d_nets = nn.ModuleDict({"discriminator": discriminator})
        shares = torch.tensor(spec.class_counts or [1] * classes).double().cumsum(0)
        bounds = (shares / shares[-1:])[:-1].float()
        self.register_buffer("label_bounds", bounds, persistent=False)
        if classes:
            self.g_nets["generator"] = ConditionalGenerator(generator, classes)
            self.d_nets["discriminator"] = ConditionalDiscriminator(
                discriminator, classes, spec.image_size
            )
        self.separate_passes = mixes_samples(self.d_nets)

    def generate(self, batch: Batch, rng: torch.Generator) -> dict[str, Tensor]:
        inputs = self.inputs(len(batch.real), rng)
        if self.classes:  # the same as the real images show, so that both are told the same
            inputs["label"] = _labels(batch)
        return {"fake": self.generator()(**inputs)}

    def d_loss(
        self, batch: Batch, fakes: dict[str, Tensor], rng: torch.Generator, moment: Moment
    ) -> Loss:
        real = self._seen(batch.real, rng, moment)
        fake = self._seen(fakes["fake"].detach(), rng, moment)
        critic = self._critic(batch)
        on_real, on_fake = self._logits(critic, real, fake)
        total = self._against(on_real, on_fake, rng)
        parts = {"d_real": self._watched(on_real), "d_fake": self._watched(on_fake)}
        if self.objective.penalties:
            parts["penalty"] = self._penalty(critic, real, fake, rng, moment)
            total = total + parts["penalty"]
        parts["d_loss"] = total
        return Loss(total, {name: value.detach() for name, value in parts.items()})

    def g_loss(
        self, batch: Batch, fakes: dict[str, Tensor], rng: torch.Generator, moment: Moment
    ) -> Loss:
        fake = self._seen(fakes["fake"], rng, moment)
        critic = self._critic(batch)
        if self.objective.feature_matching:
            total = self._match(batch, self._seen(batch.real, rng, moment), fake)
        elif self.objective.unrolled_steps:
            real = self._seen(batch.real, rng, moment)
            total = self._look_ahead(batch, real, fake, rng, moment)
        elif self.loss.generator_sees_real:
            with torch.no_grad():
                on_real = critic(self._seen(batch.real, rng, moment)).float()
            total = self.loss.generator(on_real, critic(fake).float())
        else:
            on_fake = critic(fake).float()
            total = self.loss.generator(on_fake.new_empty(0), on_fake)
        return Loss(total, {"g_loss": total.detach()})

    def after_d_step(self) -> None:
        """Clip every weight of D: Arjovsky et al. 2017 (arXiv:1701.07875), algorithm 1."""
        if bound := self.objective.weight_clip:
            with torch.no_grad():
                network: Any = self.discriminator
                if self.classes:  # pictures of the classes are no weights but what they look at
                    network = network.network
                weights: list[Tensor] = list(network.parameters())
                torch._foreach_clamp_min_(weights, -bound)
                torch._foreach_clamp_max_(weights, bound)

    def generator(self) -> nn.Module:
        return self.g_nets["generator"]

    @property
    def discriminator(self) -> nn.Module:
        """Images (N, C, H, W), and labels where it is told the class -> (N,) logits."""
        return self.d_nets["discriminator"]

    def inputs(self, n: int, rng: torch.Generator) -> dict[str, Tensor]:
        z = torch.empty(n, self.latent_dim, device=rng.device)
        normal = self.latent == "normal"
        z = z.normal_(generator=rng) if normal else z.uniform_(-1, 1, generator=rng)
        if not self.classes:
            return {"z": z}
        chance = torch.rand(n, generator=rng, device=rng.device)
        return {"z": z, "label": torch.bucketize(chance, self.label_bounds, right=True)}

    def _seen(self, images: Tensor, rng: torch.Generator, moment: Moment) -> Tensor:
        """The images as the discriminator sees them."""
        if kinds := self.objective.augment:
            images = diff_augment(images.float(), kinds, rng)
        if deviation := self.objective.instance_noise:
            images = instance_noise(images.float(), deviation * (1 - moment.progress), rng)
        return images

    def _critic(self, batch: Batch, network: Network | None = None) -> Critic:
        """``network``, the discriminator by default, as a function of images alone: of one batch,
        or of several after each other, that show what ``batch`` shows."""
        network = network or self.discriminator
        if not self.classes:
            return network
        labels = _labels(batch)
        return lambda images: network(images, labels.repeat(len(images) // len(labels)))

    def _logits(self, critic: Critic, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
        """Both (N,) float32 outputs, in one pass where no image's output depends on another's."""
        if self.separate_passes:
            return critic(real).float(), critic(fake).float()
        first, second = critic(torch.cat([real, fake])).float().split(len(real))
        return first, second

    def _against(self, real: Tensor, fake: Tensor, rng: torch.Generator) -> Tensor:
        """The discriminator's loss on its (N,) logits, against the labels that are asked for."""
        config, against = self.objective, self.loss.against
        if config.plain_labels or against is None:
            return self.loss.discriminator(real, fake)
        labels = (config.real_label, config.fake_label)
        return against_labels(against, real, fake, labels, config.label_flip, rng)

    def _penalty(
        self, critic: Critic, real: Tensor, fake: Tensor, rng: torch.Generator, moment: Moment
    ) -> Tensor:
        """The weighted penalties, in fp32, which second derivatives want.

        Applied at every k-th update they count k times (Karras et al. 2020, arXiv:1912.04958,
        appendix B). Its correction of Adam's fields is for updates of their own; here penalty and
        loss share an update, so none is due.
        """
        every = self.objective.penalty_every
        if moment.update % every:
            return real.new_zeros(())
        with torch.autocast(real.device.type, enabled=False):
            images = real.float(), fake.float()
            terms = [
                weight * PENALTIES[name](critic, *images, rng)
                for name, weight in self.objective.penalties.items()
            ]
        return every * torch.stack(terms).sum()

    def _match(self, batch: Batch, real: Tensor, fake: Tensor) -> Tensor:
        discriminator: Any = self.discriminator
        features = self._critic(batch, discriminator.features)
        with torch.no_grad():
            wanted = features(real).float().flatten(1)
        return feature_matching(wanted, features(fake).float().flatten(1))

    def _look_ahead(
        self, batch: Batch, real: Tensor, fake: Tensor, rng: torch.Generator, moment: Moment
    ) -> Tensor:
        """The generator's loss against the discriminator that will have answered to ``fake``.

        In a zero-sum game this is minus the discriminator's whole loss (Metz et al. 2017, eq. 4 and
        5): the logits of real images depend on the generator, too, through the unrolled updates.
        Smoothed and flipped labels are the discriminator's alone, here as in every game.
        """
        if moment.d_optimizer is None:
            raise ValueError("an unrolled objective needs the discriminator's optimizer")

        def logits(network: Network) -> tuple[Tensor, Tensor]:
            return self._logits(self._critic(batch, network), real, fake)

        with torch.autocast(real.device.type, enabled=False):
            real, fake = real.float(), fake.float()
            ahead = unrolled(
                self.discriminator,
                lambda network: self._against(*logits(network), rng),
                self.objective.unrolled_steps,
                moment.d_optimizer,
            )
            on_real, on_fake = logits(ahead)
            if self.loss.zero_sum:
                return -self.loss.discriminator(on_real, on_fake)
            return self.loss.generator(on_real, on_fake)

    def _watched(self, logits: Tensor) -> Tensor:
        """D(x) where the output is a logit of a probability, the mean score where it is not."""
        return (logits.sigmoid() if self.loss.probability else logits).mean()


def _labels(batch: Batch) -> Tensor:
    if batch.label is None:
        raise ValueError("a conditional method needs a batch with labels")
    return batch.label
