"""The discriminator as the losses use it: functions of images alone."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from ganpipe.data.loading.batches import Batch
from ganpipe.networks.layers.minibatch import mixes_samples
from ganpipe.objectives.gradients import Critic
from ganpipe.objectives.unroll import Network


class Verdict(NamedTuple):
    """Outputs of a discriminator for N images, in float32."""

    logits: Tensor  # (N,)
    classes: Tensor | None = None  # (N, K) logits of the classes; None: it tells none


class Judge:
    """A discriminator that is told the labels of a batch where it takes them.

    The images are one or more batches in a row whose labels are those of the batch.
    """

    def __init__(self, discriminator: nn.Module) -> None:
        network: Any = discriminator
        self.network = network
        self.takes_label = network.num_classes > 0
        self.tells_class = hasattr(network, "judge")
        self.separate_passes = mixes_samples(discriminator)

    def critic(self, batch: Batch, network: Network | None = None) -> Critic:
        """``network``, by default the discriminator, as a function of images (N, C, H, W)."""
        network = network or self.network
        if not self.takes_label:
            return network
        return lambda images: network(images, _repeated_labels(batch, len(images)))

    def features(self, batch: Batch) -> Critic:
        """The discriminator's features as a function of images."""
        return self.critic(batch, self.network.features)

    def verdict(self, images: Tensor, batch: Batch, network: Network | None = None) -> Verdict:
        """The logits of ``images``, and those of their classes if the discriminator tells them;
        the logits of ``network`` alone where it stands in for the discriminator."""
        if network is not None or not self.tells_class:
            return Verdict(self.critic(batch, network)(images).float())
        logits, classes = self.network.judge(images)
        return Verdict(logits.float(), classes.float())

    def verdicts(
        self, real: Tensor, fake: Tensor, batch: Batch, network: Network | None = None
    ) -> tuple[Verdict, Verdict]:
        """Both verdicts, from one pass if no image's output depends on another's; there may be
        more images of one kind than of the other."""
        if self.separate_passes:
            return self.verdict(real, batch, network), self.verdict(fake, batch, network)
        both = self.verdict(torch.cat([real, fake]), batch, network)
        first, second = both.logits.tensor_split([len(real)])
        if both.classes is None:
            return Verdict(first), Verdict(second)
        of_first, of_second = both.classes.tensor_split([len(real)])
        return Verdict(first, of_first), Verdict(second, of_second)


def class_loss(verdict: Verdict, batch: Batch) -> Tensor:
    """The cross-entropy of the classes that a discriminator tells: Odena et al. 2017
    (arXiv:1610.09585), eq. 3, for one of its two sums.

    The images are one or more batches in a row whose labels are those of ``batch``.
    """
    if verdict.classes is None:
        raise ValueError("the discriminator tells no classes")
    return cross_entropy(verdict.classes, _repeated_labels(batch, len(verdict.classes)))


def _repeated_labels(batch: Batch, num: int) -> Tensor:
    """The labels of ``num`` images: those of the batch, as often as it is repeated."""
    labels = labels_of(batch)
    return labels.repeat(num // len(labels))


def labels_of(batch: Batch) -> Tensor:
    """The labels of a batch that must have them."""
    if batch.label is None:
        raise ValueError("a conditional method needs a batch with labels")
    return batch.label
