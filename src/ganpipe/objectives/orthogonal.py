"""Orthogonal regularisation of the generator's weights."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor


def orthogonality(weights: Iterable[Tensor]) -> Tensor:
    """Half the sum of ||W W' ∘ (1 - I)||² over ``weights``, each flattened to a matrix of one row
    per output; a scalar.

    Brock et al. 2019 (arXiv:1809.11096), eq. 3, which leaves the norms of the rows free. The half
    is there for the authors' program, which adds 2 (W W' ∘ (1 - I)) W to the gradient: the gradient
    of this.
    """
    terms = []
    for weight in weights:
        matrix = weight.flatten(1)
        with torch.autocast(matrix.device.type, enabled=False):
            products = matrix @ matrix.T
        terms.append(products.triu(1).square().sum())  # each pair of rows once
    return torch.stack(terms).sum()
