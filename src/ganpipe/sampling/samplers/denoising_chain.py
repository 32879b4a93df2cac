"""Images from noise in several steps, each of which removes a part of it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ganpipe.core.schema import validate
from ganpipe.networks.denoising import build_denoiser
from ganpipe.networks.network import Network
from ganpipe.sampling.configs.denoising_chain import DenoisingChainConfig
from ganpipe.sampling.diffusion import denoised, schedule
from ganpipe.sampling.sampler import Input, Noise, Sampler


class DenoisingChainSampler(Sampler):
    """The noisiest level ``x`` (N, C, H, W), ``z`` (N, T, latent_dim) and, for more than one step,
    the ``noise`` (N, T - 1, C, H, W) of the levels between -> images.

    Xiao et al. 2022 (arXiv:2112.07804), section 3.2: from step T - 1 to step 0 the network makes
    images of level t + 1 and ``z[:, t]``, and level t is drawn by ``noise[:, t - 1]`` given both. A
    batch takes T passes of the network. All noise is an input, so nothing is drawn here, and image
    i depends on row i of each input alone.
    """

    def __init__(self, config: DenoisingChainConfig, network: Network) -> None:
        super().__init__()
        self.config: DenoisingChainConfig = config
        self.network = network
        self.domain = config.domain
        self.steps = schedule(config.steps)
        shape = config.domain.image_shape
        inputs: dict[str, Input] = {
            "x": Noise(shape),
            "z": Noise((config.steps, config.latent_dim)),
        }
        if config.steps > 1:
            inputs["noise"] = Noise((config.steps - 1, *shape))
        self.inputs = inputs

    def forward(self, **inputs: Tensor) -> Tensor:
        x, z = inputs["x"], inputs["z"]
        for number in reversed(range(len(self.steps))):
            step = x.new_full(x.shape[:1], number, dtype=torch.int64)
            images = self.network(x, step, z[:, number]).float()
            if number == 0:
                break
            x = denoised(self.steps[number], images, x, inputs["noise"][:, number - 1])
        return self.domain.crop(images)


def build_network(config: DenoisingChainConfig) -> Network:
    """The network that ``config`` describes, with initial weights from the global stream."""
    return build_denoiser(
        config.generator, latent_dim=config.latent_dim, image_shape=config.domain.image_shape
    )


def build(content: dict[str, Any], where: str) -> DenoisingChainSampler:
    """The sampler of a configuration as plain JSON content; ``where`` names its source.

    Raises GanpipeError for content that is no such configuration.
    """
    config = validate(DenoisingChainConfig, content, where)
    return DenoisingChainSampler(config, build_network(config))
