"""Spectral normalisation."""

from __future__ import annotations

from torch import nn
from torch.nn.utils.parametrizations import spectral_norm


def normalise_spectrally(network: nn.Module, *, embeddings: bool = False) -> None:
    """Divide every weight matrix by its largest singular value: Miyato et al. 2018
    (arXiv:1802.05957), one power iteration a pass in training mode, none in evaluation mode.

    Tables of ``embeddings`` are normalised in a discriminator, whose Lipschitz constant they enter,
    and not in a generator, which that cripples according to BigGAN's program.
    """
    layers: tuple[type[nn.Module], ...] = (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)
    for module in list(network.modules()):
        if isinstance(module, (*layers, nn.Embedding) if embeddings else layers):
            spectral_norm(module)
