"""Spectral normalisation."""

from __future__ import annotations

from torch import nn
from torch.nn.utils.parametrizations import spectral_norm


def normalise_spectrally(network: nn.Module) -> None:
    """Divide every weight matrix by its largest singular value: Miyato et al. 2018
    (arXiv:1802.05957), one power iteration a pass in training mode, none in evaluation mode."""
    for module in list(network.modules()):
        if isinstance(module, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            spectral_norm(module)
