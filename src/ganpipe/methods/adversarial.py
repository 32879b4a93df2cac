"""One generator against one discriminator (Goodfellow et al. 2014, arXiv:1406.2661)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from ganpipe.core.errors import GanpipeError
from ganpipe.data.orientation import warn_about
from ganpipe.data.spec import DataSpec
from ganpipe.methods.config import ModelConfig
from ganpipe.methods.critic import Judge, class_loss, labels_of
from ganpipe.methods.curve import logged_names
from ganpipe.methods.look_ahead import loss_ahead
from ganpipe.methods.method import Context, Loss, Method, Turn
from ganpipe.methods.path_length import PathLength
from ganpipe.methods.penalties import Penalties
from ganpipe.methods.schedule import fewer_batches, updates_before, updates_in
from ganpipe.methods.view import View
from ganpipe.networks.build import build_discriminator
from ganpipe.networks.network import Network
from ganpipe.objectives.build import adversarial_loss
from ganpipe.objectives.labels import against_labels, are_plain
from ganpipe.objectives.matching import feature_matching
from ganpipe.objectives.orthogonal import orthogonal_regularisation
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
    generated images; then the generator is updated once, on the last of those images, or on new
    ones where ``schedule`` asks for them. Penalties and path lengths may have turns of their own.
    """

    def __init__(self, config: ModelConfig, spec: DataSpec) -> None:
        super().__init__()
        self.objective = objective = config.objective
        self.loss = adversarial_loss(objective.loss)
        self.penalties = Penalties(objective)
        self.schedule = config.schedule
        self.conditioned = config.generator.conditioning != "none"
        if self.conditioned and not spec.target.classes:
            raise GanpipeError(
                f"the model is conditional, but the images of the dataset '{spec.name}' have no "
                "labels; set conditioning of generator and discriminator to none, choose another "
                "model, or put images of your own into one subfolder a class"
            )
        self.sampler_config = NoiseSamplerConfig(
            generator=config.generator,
            latent_dim=config.latent_dim,
            latent=config.latent,
            domain=spec.target,
        )
        generator = build_network(self.sampler_config)
        view = View(objective, spec.target.image_shape)
        discriminator = build_discriminator(
            config.discriminator,
            image_shape=view.image_shape,
            num_classes=len(spec.target.classes),
        )
        self.players = nn.ModuleDict({"generator": generator, "discriminator": discriminator})
        self.judge = Judge(self.discriminator)
        self.view = view
        if self.view.augmentation is not None:
            warn_about(self.view.augmentation.reorients, spec.name)
        self.path_length = PathLength(objective) if objective.path_length else None
        self.logged = logged_names(objective)

    def turns(self, step: int) -> Sequence[Turn]:
        objective, fresh = self.objective, self.schedule.new_images
        d_turn = Turn(
            player="discriminator",
            loss=self.d_loss,
            purpose="d_loss",
            new_batch=True,
            records=() if fresh else ("generator",),
            after=self._after_discriminator,
        )
        turns = [d_turn] * updates_in(step, self.schedule.n_critic, self.schedule.critic_warmup)
        if self.penalties.weights and objective.penalty_turn == "own":
            k, loss = objective.penalty_every, self.penalty_loss
            turns.append(Turn("discriminator", loss, purpose="penalty", every=k, extra=True))
        new_batch = self.takes_real
        turns.append(Turn("generator", self.g_loss, purpose="g_loss", new_batch=new_batch))
        if path := self.path_length:
            turns.append(
                Turn(
                    player="generator",
                    loss=partial(self._path_loss, path),
                    purpose="path",
                    every=path.every,
                    extra=True,
                    after=path.follow,
                )
            )
        return turns

    def batches_before(self, step: int) -> int:
        updates = updates_before(step, self.schedule.n_critic, self.schedule.critic_warmup)
        return updates + step * self.takes_real

    def fewer_batches(self) -> Sequence[str]:
        return fewer_batches(self.schedule, takes_real=self.takes_real)

    def samplers(self) -> dict[str, Sampler]:
        return {"": self.sampler}

    @property
    def takes_real(self) -> bool:
        """Whether the generator's updates take new real images."""
        return self.schedule.new_images and self.loss.generator_sees_real

    @property
    def sampler(self) -> NoiseSampler:
        """The sampler of the generator."""
        return NoiseSampler(self.sampler_config, self.generator)

    @property
    def generator(self) -> Network:
        """Noise, and labels if it is conditioned -> images (N, C, H, W)."""
        network: Any = self.players["generator"]
        return network

    @property
    def discriminator(self) -> Network:
        """Images (N, C, H, W), and labels if it takes them -> logits (N,)."""
        network: Any = self.players["discriminator"]
        return network

    def inputs(self, context: Context, purpose: str, num: int) -> dict[str, Tensor]:
        """The generator's inputs for ``num`` images, from the turn's stream for ``purpose``.

        The labels are those of the batch, again from its first one if ``num`` is greater, so that
        both networks are told the same classes.
        """
        rng = context.stream(purpose)
        inputs = self.sampler.draw_inputs(num, rng)
        if self.conditioned:
            labels = labels_of(context.batch)
            inputs["label"] = labels.repeat(-(-num // len(labels)))[:num]
        return self.generator.training_inputs(inputs, rng)

    def generate(self, context: Context, *, purpose: str = "latent", times: int = 1) -> Tensor:
        """``times`` as many generated images (N, C, H, W) as the batch has real ones."""
        num = times * len(context.batch.real)
        images: Tensor = self.generator(**self.inputs(context, purpose, num))
        return images

    def d_loss(self, context: Context) -> Loss:
        """The discriminator's loss on a real batch and new generated images, which are kept in
        ``context.shared`` for the turns that follow."""
        self._grow(context)
        batch = context.batch
        images = [self.discriminator.fade(batch.real), self.generate(context)]
        context.shared["fake"] = images[1]
        noised = [self.view.noised(each.detach(), context) for each in images]
        seen = [self.view.augmented(each, context) for each in noised]
        real, fake = self.judge.verdicts(seen[0], seen[1], batch)
        total = self._against(real.logits, fake.logits, context.rng)
        parts = {"d_real": self._watched(real.logits), "d_fake": self._watched(fake.logits)}
        if self.objective.auxiliary:
            both = [real, fake] if self.objective.auxiliary.on_generated else [real]
            parts["d_class"] = torch.stack([class_loss(each, batch) for each in both]).sum()
            total = total + self.objective.auxiliary.discriminator * parts["d_class"]
        if self.penalties.weights and self.objective.penalty_turn == "shared":
            update = context.update - context.step * self.takes_real  # of the discriminator
            if update % self.objective.penalty_every == 0:
                parts["penalty"] = self._penalty(noised, context)
                total = total + parts["penalty"]
        parts["d_loss"] = total
        if self.view.augmentation is not None:
            parts["sign_real"] = real.logits.sign().mean()
            parts["augment_p"] = self.view.augmentation.strength(context.progress)
        return Loss.of(total, parts)

    def penalty_loss(self, context: Context) -> Loss:
        """The penalties alone, on the images of the discriminator's last turn."""
        real = self.discriminator.fade(context.batch.real)
        images = [real, context.shared["fake"].detach()]
        total = self._penalty([self.view.noised(each, context) for each in images], context)
        return Loss.of(total, {"penalty": total})

    def g_loss(self, context: Context) -> Loss:
        """The generator's loss on the images of the discriminator's last turn, or on new ones."""
        self._grow(context)
        batch, judge = context.batch, self.judge
        if self.schedule.new_images:
            times = self.schedule.generator_batch
            images = self.generate(context, purpose="new latent", times=times)
        else:
            images = context.shared["fake"]
        fake = self.view(images, context)
        parts: dict[str, Tensor] = {}
        if self.objective.feature_matching:
            total = self._match(fake, context)
        elif self.objective.unrolled_steps:
            total = self._look_ahead(fake, context)
        else:
            with torch.no_grad():
                real = self._real_logits(context)
            verdict = judge.verdict(fake, batch)
            total = self.loss.generator(real, verdict.logits)
            if self.objective.auxiliary:
                parts["g_class"] = class_loss(verdict, batch)
                total = total + self.objective.auxiliary.generator * parts["g_class"]
        if weight := self.objective.orthogonal:
            total = total + weight * orthogonal_regularisation(self.generator.orthogonal_weights())
        parts["g_loss"] = total
        return Loss.of(total, parts)

    def _path_loss(self, path: PathLength, context: Context) -> Loss:
        """The penalty on path lengths, on half a batch as in the authors' program."""
        num = max(1, len(context.batch.real) * self.schedule.generator_batch // 2)
        inputs = self.inputs(context, "path latent", num)
        loss: Loss = path(self.generator, inputs, context.rng)
        return loss

    def _after_discriminator(self, context: Context, loss: Loss) -> None:
        """Clip every weight of D (Arjovsky et al. 2017, arXiv:1701.07875, algorithm 1), and let an
        augmentation adapt to what D says of real images."""
        if bound := self.objective.weight_clip:
            clipped: Any = self.discriminator.clipped_parameters()
            with torch.no_grad():
                torch._foreach_clamp_min_(clipped, -bound)
                torch._foreach_clamp_max_(clipped, bound)
        if self.view.augmentation is not None:
            rng = context.stream("augmentation")
            images = len(context.batch.real)
            self.view.augmentation.adapt(loss.parts["sign_real"], images=images, rng=rng)

    def _grow(self, context: Context) -> None:
        """Let networks grow; the moments of their optimizers begin anew with new layers."""
        grown = [each.grow(context.progress) for each in (self.generator, self.discriminator)]
        if any(grown):
            for optimizer in context.optimizers.values():
                optimizer.state.clear()

    def _seen_real(self, context: Context) -> Tensor:
        """The real images of the turn as the discriminator sees them."""
        return self.view(self.discriminator.fade(context.batch.real), context)

    def _real_logits(self, context: Context) -> Tensor:
        """(N,) logits of the real images for the generator's loss; empty if it needs none."""
        if not self.loss.generator_sees_real:
            return context.batch.real.new_empty(0)
        return self.judge.verdict(self._seen_real(context), context.batch).logits

    def _against(self, real: Tensor, fake: Tensor, rng: torch.Generator) -> Tensor:
        """The discriminator's loss on its (N,) logits, against the labels of the objective."""
        config, against = self.objective, self.loss.against
        labels = (config.real_label, config.fake_label)
        if are_plain(labels, config.label_flip) or against is None:
            return self.loss.discriminator(real, fake)
        return against_labels(against, real, fake, labels=labels, flip=config.label_flip, rng=rng)

    def _penalty(self, images: Sequence[Tensor], context: Context) -> Tensor:
        """The penalties on noised ``images``, real and generated.

        The gradient is taken at the images as the discriminator sees them; under an adaptive
        augmentation at the noised images before it, as in Karras et al. 2020 (arXiv:2006.06676).
        """
        critic = self.view.through(self.judge.critic(context.batch), context)
        return self.penalties(critic, images[0], images[1], context)

    def _match(self, fake: Tensor, context: Context) -> Tensor:
        features = self.judge.features(context.batch)
        with torch.no_grad():
            wanted = features(self._seen_real(context)).float().flatten(1)
        return feature_matching(wanted, features(fake).float().flatten(1))

    def _look_ahead(self, fake: Tensor, context: Context) -> Tensor:
        return loss_ahead(
            self.loss,
            self.judge,
            (self._seen_real(context), fake),
            context,
            steps=self.objective.unrolled_steps,
            d_loss=lambda real, fake: self._against(real, fake, context.rng),
        )

    def _watched(self, logits: Tensor) -> Tensor:
        """The mean of D(x) if outputs are logits of probabilities, otherwise the mean output."""
        return (logits.sigmoid() if self.loss.probability else logits).mean()
