"""From a block under `models` in params.yaml to a method.

The method ``method`` is the module ``ganpipe.methods.<method>`` with a function ``build``.
"""

from __future__ import annotations

import torch

from ganpipe.core.plugins import load
from ganpipe.data.spec import DataSpec
from ganpipe.methods.config import AnyModelConfig
from ganpipe.methods.method import Method
from ganpipe.runtime.seeding import derive


def build_method(config: AnyModelConfig, spec: DataSpec, seed: int) -> Method:
    """The method of ``config.method`` with initial weights that depend on ``seed`` alone.

    Leaves PyTorch's global random state unchanged. Raises GanpipeError if the dataset lacks what
    the model needs.
    """
    module = load("ganpipe.methods", config.method)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive(seed, "weights"))
        method: Method = module.build(config, spec)
    return method
