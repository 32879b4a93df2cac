"""The configuration of a sampler that removes noise step by step."""

from __future__ import annotations

from typing import Literal

from ganpipe.core.schema import PositiveInt, Strict
from ganpipe.data.spec import Domain
from ganpipe.networks.configs.denoising import NCSNppDenoiser


class DenoisingChainConfig(Strict):
    """A network that makes images of noisy ones, asked once in each step."""

    kind: Literal["denoising_chain"] = "denoising_chain"
    generator: NCSNppDenoiser
    latent_dim: PositiveInt  # length of the noise vector z of each step
    steps: PositiveInt
    domain: Domain
