"""Adversarial losses: pure functions on logits, averaged over the batch.

``real`` and ``fake`` are (N,) float32 discriminator outputs before any sigmoid, for real and for
generated images. Every function returns a scalar to be minimised. `objective.loss` in params.yaml
is a name of :data:`LOSSES`; the table is read wherever parameters are checked, so torch is only
imported once a loss is computed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import torch
    from torch import Tensor


class AdversarialLoss(NamedTuple):
    """The two sides of one game."""

    discriminator: Callable[[Tensor, Tensor], Tensor]  # (real, fake) -> scalar
    generator: Callable[[Tensor, Tensor], Tensor]  # (real, fake) -> scalar
    probability: bool = False  # whether sigmoid(output) is the discriminator's D(x)
    # (logits, labels) -> (N,): the discriminator's loss against any labels; None: it has no labels
    against: Callable[[Tensor, Tensor], Tensor] | None = None
    generator_sees_real: bool = False  # whether the generator needs ``real``, else empty there
    zero_sum: bool = False  # what the generator minimises is minus what the discriminator does


def softplus(x: Tensor) -> Tensor:
    """log(1 + exp(x)) without overflow."""
    from torch.nn.functional import softplus

    return softplus(x)


def cross_entropy_discriminator(real: Tensor, fake: Tensor) -> Tensor:
    """-log D(x) - log(1 - D(G(z))): Goodfellow et al. 2014, eq. 1, negated."""
    return softplus(-real).mean() + softplus(fake).mean()


def cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """-t log D - (1 - t) log(1 - D) for labels t in [0, 1], where D = sigmoid(logits)."""
    return softplus(logits) - labels * logits


def non_saturating_generator(real: Tensor, fake: Tensor) -> Tensor:
    """-log D(G(z)): Goodfellow et al. 2014, section 3, in place of eq. 1's log(1 - D(G(z)))."""
    return softplus(-fake).mean()


def minimax_generator(real: Tensor, fake: Tensor) -> Tensor:
    """log(1 - D(G(z))): Goodfellow et al. 2014, eq. 1; saturates where D is sure."""
    return -softplus(fake).mean()


def least_squares_discriminator(real: Tensor, fake: Tensor) -> Tensor:
    """(D(x) - 1)² / 2 + D(G(z))² / 2: Mao et al. 2017 (arXiv:1611.04076), eq. 9, labels 0 and 1."""
    return ((real - 1).square().mean() + fake.square().mean()) / 2


def squared_error(logits: Tensor, labels: Tensor) -> Tensor:
    """(D - t)² / 2 for labels t: a term of Mao et al. 2017, eq. 2."""
    return (logits - labels).square() / 2


def least_squares_generator(real: Tensor, fake: Tensor) -> Tensor:
    """(D(G(z)) - 1)² / 2: Mao et al. 2017, eq. 9."""
    return (fake - 1).square().mean() / 2


def wasserstein_discriminator(real: Tensor, fake: Tensor) -> Tensor:
    """f(G(z)) - f(x): Arjovsky et al. 2017 (arXiv:1701.07875), eq. 2, negated."""
    return fake.mean() - real.mean()


def wasserstein_generator(real: Tensor, fake: Tensor) -> Tensor:
    """-f(G(z)): Arjovsky et al. 2017, eq. 4; also the generator's part of the hinge loss."""
    return -fake.mean()


def hinge_discriminator(real: Tensor, fake: Tensor) -> Tensor:
    """max(0, 1 - D(x)) + max(0, 1 + D(G(z))): Lim & Ye 2017 (arXiv:1705.02894), as in Miyato et
    al. 2018 (arXiv:1802.05957), eq. 16."""
    return (1 - real).relu().mean() + (1 + fake).relu().mean()


def relativistic_discriminator(real: Tensor, fake: Tensor) -> Tensor:
    """softplus(-(D(x) - D(G(z)))), each real image paired with one generated: Jolicoeur-Martineau
    2018 (arXiv:1807.00734), in the form of Huang et al. 2024 (R3GAN, arXiv:2501.05441), eq. 2."""
    return softplus(fake - real).mean()


def relativistic_generator(real: Tensor, fake: Tensor) -> Tensor:
    """softplus(-(D(G(z)) - D(x))): the same pairs with the sides exchanged."""
    return softplus(real - fake).mean()


LOSSES: dict[str, AdversarialLoss] = {
    "non_saturating": AdversarialLoss(
        cross_entropy_discriminator,
        non_saturating_generator,
        probability=True,
        against=cross_entropy,
    ),
    "minimax": AdversarialLoss(
        cross_entropy_discriminator,
        minimax_generator,
        probability=True,
        against=cross_entropy,
        zero_sum=True,
    ),
    "least_squares": AdversarialLoss(
        least_squares_discriminator, least_squares_generator, against=squared_error
    ),
    "wasserstein": AdversarialLoss(wasserstein_discriminator, wasserstein_generator, zero_sum=True),
    "hinge": AdversarialLoss(hinge_discriminator, wasserstein_generator),
    "relativistic": AdversarialLoss(
        relativistic_discriminator, relativistic_generator, generator_sees_real=True
    ),
}


def against_labels(
    loss: Callable[[Tensor, Tensor], Tensor],
    real: Tensor,
    fake: Tensor,
    labels: tuple[float, float],
    flip: float,
    rng: torch.Generator,
) -> Tensor:
    """The discriminator's mean ``loss`` against other ``labels`` than 1 (real) and 0 (generated).

    Smoothing (Salimans et al. 2016, arXiv:1606.03498, section 3.4) sets ``labels``; each image's
    label is exchanged for the other side's with probability ``flip``.
    """
    import torch

    first, second = labels
    terms = []
    for logits, own, other in ((real, first, second), (fake, second, first)):
        flipped = torch.empty_like(logits).uniform_(generator=rng) < flip
        terms.append(loss(logits, torch.full_like(logits, own).masked_fill(flipped, other)).mean())
    return terms[0] + terms[1]
