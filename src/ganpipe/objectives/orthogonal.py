"""Orthogonal regularisation (Brock et al. 2019, arXiv:1809.11096)."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def orthogonal_regularisation(network: nn.Module) -> Tensor:
    """Half the sum of |W Wᵀ ∘ (1 - I)|² over the weights of ``network`` that are matrices or more.

    Eq. 3 in the form of the authors' program, whose gradient is 2 (W Wᵀ ∘ (1 - I)) W.
    """
    terms = []
    for weight in network.parameters():
        if weight.dim() > 1:
            rows = weight.flatten(1)
            products = rows @ rows.T
            terms.append((products - products.diag().diag()).square().sum() / 2)
    return torch.stack(terms).sum()
