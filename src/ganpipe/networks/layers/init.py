"""Initial weights."""

from __future__ import annotations

from torch import nn


def initialise(network: nn.Module, scheme: str) -> None:
    """Draw the initial weights of linear and convolutional layers and of embeddings from the global
    stream.

    ``normal_0.02``: N(0, 0.02), and batch norms N(1, 0.02) (Radford et al. 2016); ``xavier``:
    Glorot & Bengio 2010, eq. 16, uniform; ``orthogonal``: Saxe et al. 2014 (arXiv:1312.6120); all
    with zero biases. ``torch`` leaves PyTorch's own, U(-b, b) with b = 1 / sqrt(fan in), and the
    embeddings as the layers that hold them drew them.
    """
    draw = {
        "normal_0.02": lambda weight: nn.init.normal_(weight, 0.0, 0.02),
        "xavier": nn.init.xavier_uniform_,
        "orthogonal": nn.init.orthogonal_,
    }
    if scheme == "torch":
        return
    for module in network.modules():
        if isinstance(module, nn.Linear | nn.Conv2d | nn.ConvTranspose2d | nn.Embedding):
            draw[scheme](module.weight)
        elif isinstance(module, nn.modules.batchnorm._BatchNorm):
            if scheme == "normal_0.02" and module.weight is not None:
                nn.init.normal_(module.weight, 1.0, 0.02)
        else:
            continue
        if (bias := getattr(module, "bias", None)) is not None:
            nn.init.zeros_(bias)
