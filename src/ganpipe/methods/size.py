"""The size of a model: its parameters, and the operations that one image takes."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils.flop_counter import FlopCounterMode

from ganpipe.data.spec import DataSpec
from ganpipe.methods.build import build_method
from ganpipe.methods.config import ModelConfig
from ganpipe.sampling.sampler import Picture, Sampler


class Size(NamedTuple):
    """The size of one player."""

    parameters: int  # trained numbers; buffers are not counted
    flops: int  # of one image's forward pass in evaluation: 2 for each multiply-add


def sizes(config: ModelConfig, spec: DataSpec) -> dict[str, Size]:
    """The size of each player of ``config`` on the images of ``spec``, by its name.

    The operations are those of convolutions and matrix products, as PyTorch counts them; the rest
    is small. Shapes alone are computed, so that a network of any size takes no memory. Raises
    GanpipeError as :func:`build_method` does.
    """
    with FakeTensorMode(), torch.no_grad():
        method = build_method(config, spec, seed=0).eval()
        samplers = {sampler.network: sampler for sampler in method.samplers().values()}
        found = {}
        for name, player in method.players.items():
            with FlopCounterMode(display=False) as counter:
                if player in samplers:
                    _draw(samplers[player])
                else:
                    _judge(player, spec)
            parameters = sum(each.numel() for each in player.parameters())
            found[name] = Size(parameters, counter.get_total_flops())
    return found


def _draw(sampler: Sampler) -> Tensor:
    """One image of a sampler, translated from a black one where it takes a picture."""
    inputs = sampler.draw_inputs(1, torch.Generator())
    for name, each in sampler.inputs.items():
        if isinstance(each, Picture):
            inputs[name] = torch.zeros(1, *each.domain.native_shape)
    images: Tensor = sampler(**inputs)
    return images


def _judge(player: nn.Module, spec: DataSpec) -> Tensor:
    """The output of a discriminator for one image, and a label if it takes one."""
    network: Any = player
    inputs = [torch.zeros(1, *getattr(network, "image_shape", spec.target.image_shape))]
    if getattr(network, "num_classes", 0):
        inputs.append(torch.zeros(1, dtype=torch.int64))
    output: Tensor = network(*inputs)
    return output
