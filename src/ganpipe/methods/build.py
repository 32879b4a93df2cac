"""From a block under `models` in params.yaml to a method."""

from __future__ import annotations

import torch

from ganpipe.data.spec import DataSpec
from ganpipe.methods.adversarial import Adversary
from ganpipe.methods.config import ModelConfig
from ganpipe.methods.method import Method
from ganpipe.runtime.seeding import derive

METHODS = {"adversary": Adversary}


def build_method(config: ModelConfig, spec: DataSpec, seed: int) -> Method:
    """The method of ``config.method`` with initial weights that depend on ``seed`` alone.

    Leaves PyTorch's global random state as it was.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive(seed, "weights"))
        return METHODS[config.method](config, spec)
