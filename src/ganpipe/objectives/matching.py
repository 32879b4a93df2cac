"""Feature matching, the generator's loss that looks inside the discriminator."""

from __future__ import annotations

from torch import Tensor


def feature_matching(real: Tensor, fake: Tensor) -> Tensor:
    """|E f(x) - E f(G(z))|²: Salimans et al. 2016 (arXiv:1606.03498), section 3.1.

    ``real`` and ``fake`` are (N, F) activations of a hidden layer of the discriminator.
    """
    return (real.mean(0) - fake.mean(0)).square().sum()
