"""Fields of networks in params.yaml: one class per architecture and side.

Every field is a keyword of the network of the same name or is applied by ``networks/build.py``. A
feature whose field is left out is off.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ganpipe.networks.configs.biggan import BigGANDiscriminator, BigGANGenerator
from ganpipe.networks.configs.dcgan import DCGANDiscriminator, DCGANGenerator
from ganpipe.networks.configs.mlp import MLPDiscriminator, MLPGenerator
from ganpipe.networks.configs.progan import ProGANDiscriminator, ProGANGenerator
from ganpipe.networks.configs.r3gan import R3GANDiscriminator, R3GANGenerator
from ganpipe.networks.configs.resnet import ResNetDiscriminator, ResNetGenerator
from ganpipe.networks.configs.stylegan2 import StyleGAN2Discriminator, StyleGAN2Generator

GeneratorConfig = Annotated[
    MLPGenerator
    | DCGANGenerator
    | ResNetGenerator
    | BigGANGenerator
    | StyleGAN2Generator
    | ProGANGenerator
    | R3GANGenerator,
    Field(discriminator="arch"),
]
DiscriminatorConfig = Annotated[
    MLPDiscriminator
    | DCGANDiscriminator
    | ResNetDiscriminator
    | BigGANDiscriminator
    | StyleGAN2Discriminator
    | ProGANDiscriminator
    | R3GANDiscriminator,
    Field(discriminator="arch"),
]
