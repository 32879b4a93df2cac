"""The size of a model: its parameters, and the operations that one image takes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import DataDependentOutputException, FakeTensorMode
from torch.utils.flop_counter import FlopCounterMode

from ganpipe.data.spec import DataSpec
from ganpipe.methods.build import build_method
from ganpipe.methods.config import AnyModelConfig
from ganpipe.methods.method import Method
from ganpipe.networks.network import Network
from ganpipe.sampling.sampler import Picture, Sampler

END = math.nextafter(1.0, 0.0)  # progress of a run, in [0, 1), when networks have grown


class Size(NamedTuple):
    """The size of one network."""

    parameters: int  # trained numbers; buffers are not counted
    flops: int  # of one image's forward pass in evaluation: 2 for each multiply-add


def sizes(config: AnyModelConfig, spec: DataSpec) -> dict[str, Size]:
    """The size of each player of ``config`` on the images of ``spec``, as :func:`sizes_of` says.

    Only shapes are computed, so that a network of any size takes no memory, unless it reads
    numbers of its own, such as how far it has grown. Raises GanpipeError as :func:`build_method`
    does.
    """
    try:
        with FakeTensorMode():
            return sizes_of(build_method(config, spec, seed=0), spec)
    except DataDependentOutputException:
        return sizes_of(build_method(config, spec, seed=0), spec)


def sizes_of(method: Method, spec: DataSpec) -> dict[str, Size]:
    """The size of each network of ``method`` at the end of a run, by its player's name, or by
    ``<player>.<network>`` where a player has several.

    The operations are those of convolutions and matrix products, as PyTorch counts them; the
    others are few. The method cannot be trained afterwards.
    """
    method.eval().requires_grad_(False)
    samplers = {sampler.network: sampler for sampler in method.samplers().values()}
    found = {}
    for name, network in _networks(method):
        if isinstance(network, Network):
            network.grow(END)
        with FlopCounterMode(display=False) as counter:
            if network in samplers:
                _draw(samplers[network])
            else:
                _judge(network, spec)
        parameters = sum(each.numel() for each in network.parameters())
        found[name] = Size(parameters, counter.get_total_flops())
    return found


def _networks(method: Method) -> Iterator[tuple[str, nn.Module]]:
    for name, player in method.players.items():
        if isinstance(player, nn.ModuleDict):
            yield from ((f"{name}.{inner}", network) for inner, network in player.items())
        else:
            yield name, player


def _draw(sampler: Sampler) -> Tensor:
    """One image of a sampler, made from a grey one where it takes a picture."""
    inputs = sampler.draw_inputs(1, torch.Generator())
    for name, each in sampler.inputs.items():
        if isinstance(each, Picture):
            inputs[name] = torch.zeros(1, *each.domain.image_shape)
    images: Tensor = sampler(**inputs)
    return images


def _judge(network: Any, spec: DataSpec) -> Tensor:
    """The output of a discriminator for one image, and for a label or a step if it takes one."""
    inputs = [torch.zeros(1, *getattr(network, "image_shape", spec.target.image_shape))]
    if getattr(network, "num_classes", 0) or getattr(network, "takes_step", False):
        inputs.append(torch.zeros(1, dtype=torch.int64))
    output: Tensor = network(*inputs)
    return output
