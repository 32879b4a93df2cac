"""Pictures from other pictures, which the caller gives as ``input``."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from ganpipe.core.schema import validate
from ganpipe.networks.network import Network
from ganpipe.networks.translators import build_translator
from ganpipe.sampling.configs.translate import TranslateSamplerConfig
from ganpipe.sampling.sampler import Picture, Sampler


class TranslateSampler(Sampler):
    """``input`` float (N, C, h, w) in [-1, 1], of any size -> images of that size.

    Translation is decided in one place for progress grids, evaluation, files and users: they all
    use this module in evaluation mode. Dropout is then off, so that one picture has one
    translation, where the authors' program of pix2pix leaves it on. Instance norm takes the
    statistics of the picture, as those programs do with their batches of one; batch norm takes the
    averages of the training, so that no picture depends on others that happen to be beside it.
    """

    def __init__(self, config: TranslateSamplerConfig, network: nn.Module) -> None:
        super().__init__()
        self.config: TranslateSamplerConfig = config
        self.network = network
        self.inputs = {"input": Picture(config.given)}
        self.domain = config.domain

    def forward(self, **inputs: Tensor) -> Tensor:
        images: Tensor = self.network(**inputs)
        return images


def evaluation_mode(sampler: Sampler) -> dict[str, str]:
    """Record of how ``sampler`` translates, for a protocol."""
    batch_norm = any(isinstance(each, nn.BatchNorm2d) for each in sampler.network.modules())
    statistics = "averages of the training" if batch_norm else "of each picture"
    return {"normalisation": statistics, "dropout": "off"}


def build_network(config: TranslateSamplerConfig) -> Network:
    """The network that ``config`` describes, with initial weights from the global stream."""
    return build_translator(config.generator, config.given, config.domain)


def build(content: dict[str, Any], where: str) -> TranslateSampler:
    """The sampler of a configuration as plain JSON content; ``where`` names its source.

    Raises GanpipeError for content that is no such configuration.
    """
    config = validate(TranslateSamplerConfig, content, where)
    return TranslateSampler(config, build_network(config))
