"""Weights files of small generators that nobody trained."""

from __future__ import annotations

from pathlib import Path

import torch

from ganpipe.data.spec import Domain
from ganpipe.networks.configs.mlp import MLPGenerator
from ganpipe.sampling.config import NoiseSamplerConfig
from ganpipe.sampling.samplers.noise import NoiseSampler, build_network
from ganpipe.sampling.trained import save_sampler


def save_generator(
    path: Path, *, classes: tuple[str, ...] = (), channels: int = 1, scale: float = 1.0
) -> Path:
    """Write a generator of 28 x 28 images, conditional where it is given classes.

    ``scale`` multiplies its last weights.
    """
    config = NoiseSamplerConfig(
        generator=MLPGenerator(
            arch="mlp",
            hidden=[12],
            activation="relu",
            batch_norm=False,
            conditioning="concat" if classes else "none",
        ),
        latent_dim=8,
        latent="normal",
        domain=Domain(channels, 28, 32, classes, tuple(range(1, len(classes) + 1))),
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        sampler = NoiseSampler(config, build_network(config))
    list(sampler.network.parameters())[-1].data.mul_(scale)
    name = "cgan" if classes else "mlp"
    save_sampler(path, sampler, {"model_name": name, "seed": 3, "weights": "ema"})
    return path
