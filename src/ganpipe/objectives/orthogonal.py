"""Orthogonal regularisation (Brock et al. 2019, arXiv:1809.11096)."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor


def orthogonal_regularisation(weights: Iterable[Tensor]) -> Tensor:
    """Half the sum of |W Wᵀ ∘ (1 - I)|² over ``weights``, each flattened to a matrix with a row for
    each output, its first dimension; a scalar.

    Eq. 3 in the form of the authors' program, whose gradient is 2 (W Wᵀ ∘ (1 - I)) W.
    """
    terms = []
    for weight in weights:
        rows = weight.flatten(1)
        with torch.autocast(rows.device.type, enabled=False):
            products = rows @ rows.T
        terms.append(products.triu(1).square().sum())  # every pair of rows once
    return torch.stack(terms).sum()
