"""Images from a noise vector ``z`` and what else the generator takes: a ``label``, maps of noise,
the ``truncation`` of its styles."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from ganpipe.core.schema import validate
from ganpipe.networks.build import build_generator
from ganpipe.networks.network import Network
from ganpipe.sampling.config import NoiseSamplerConfig
from ganpipe.sampling.sampler import Input, Label, Noise, Sampler, Truncation


class NoiseSampler(Sampler):
    """``z`` float (N, latent_dim), then ``label`` int64 (N,) if the generator is conditioned, the
    noise that its ``noise_shapes`` name, and ``truncation`` float (N,) if it truncates -> images.
    """

    def __init__(self, config: NoiseSamplerConfig, network: Network) -> None:
        super().__init__()
        self.config = config
        self.network = network
        self.domain = config.domain
        inputs: dict[str, Input] = {"z": Noise((config.latent_dim,), config.latent)}
        if config.generator.conditioning != "none":
            inputs["label"] = Label(config.domain.classes, config.domain.class_counts)
        for name, shape in network.noise_shapes().items():
            inputs[name] = Noise(shape)
        if network.truncates:
            inputs["truncation"] = Truncation()
        self.inputs = inputs

    def forward(self, **inputs: Tensor) -> Tensor:
        images: Tensor = self.network(**inputs)
        return self.domain.crop(images)


def build_network(config: NoiseSamplerConfig) -> Network:
    """The generator that ``config`` describes, with initial weights from the global stream."""
    domain = config.domain
    return build_generator(
        config.generator,
        latent_dim=config.latent_dim,
        image_shape=domain.image_shape,
        num_classes=len(domain.classes),
    )


def build(content: dict[str, Any], where: str) -> NoiseSampler:
    """The sampler of a configuration as plain JSON content; ``where`` names its source.

    Raises GanpipeError for content that is no such configuration.
    """
    config = validate(NoiseSamplerConfig, content, where)
    return NoiseSampler(config, build_network(config))
