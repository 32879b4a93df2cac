"""A convolutional network made fast on a CPU, with bits that depend neither on the number of
images in a batch nor on the number of threads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval
from torchvision.models.inception import BasicConv2d

from ganpipe.runtime.threads import workers

MOST = 6  # images at once: of more, what a layer leaves for the next outgrows a core's cache


class Accelerated(nn.Module):
    """``network`` in evaluation mode, with every :class:`BasicConv2d` folded into one operator and
    in channels_last; on a CPU each thread takes images of its own.

    The same function of (N, ...) tensors but for rounding; other devices run it like any network.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        _fold(network.eval())
        self.network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, images: Tensor) -> Tensor:
        if images.device.type == "cpu":
            return each_by_one_thread(self.network, images)
        result: Tensor = self.network(images)
        return result


def each_by_one_thread(network: Callable[[Tensor], Tensor], images: Tensor) -> Tensor:
    """``network`` of an (N, ...) CPU tensor, in inference mode and under the caller's autocast.

    PyTorch splits every operation between ``torch.get_num_threads()`` threads, and at the end of
    each all wait for the slowest; here :func:`workers` threads meet once. Since one thread computes
    every image, the bits do not depend on how many there are.
    """
    before, threads = torch.get_num_threads(), workers()
    bf16 = torch.is_autocast_enabled("cpu")

    def run(part: Tensor) -> Tensor:
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            return network(part)

    parts = images.split(list(sizes(len(images), threads)))
    try:
        with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            return torch.cat(list(pool.map(run, parts)))
    finally:
        torch.set_num_threads(before)  # later threads start with what was set last


def sizes(num: int, threads: int) -> Iterator[int]:
    """Numbers of images, of ``num``, to take at a time: fewer towards the end, so that all threads
    finish together (guided self-scheduling, Polychronopoulos and Kuck 1987)."""
    while num > 0:
        size = min(MOST, -(-num // (2 * threads)))
        yield size
        num -= size


class Folded(nn.Module):
    """Convolution, batch norm and ReLU of one layer, (N, C, H, W) -> (N, C', H', W').

    On a CPU PyTorch's compiler writes all three as one operator and brings the weights into that
    operator's order once and for all; both are done here without the compiler. The bits are those
    of convolution and ReLU after each other. Builds and types that have no such operator, and
    other devices, take the two.
    """

    def __init__(self, layer: BasicConv2d) -> None:
        super().__init__()
        self.conv = fuse_conv_bn_eval(layer.conv, layer.bn)
        self.ordered: dict[torch.dtype, Tensor] = {}

    def forward(self, x: Tensor) -> Tensor:
        conv: Any = self.conv
        bf16 = torch.is_autocast_enabled("cpu")
        if x.device.type != "cpu" or not _has_operators(bf16):
            return F.relu(conv(x), inplace=True)
        x = x.to(torch.get_autocast_dtype("cpu") if bf16 else x.dtype)
        where = conv.padding, conv.stride, conv.dilation, conv.groups
        if x.dtype not in self.ordered:
            self.ordered[x.dtype] = torch.ops.mkldnn._reorder_convolution_weight(
                conv.weight.to(x.dtype), *where, list(x.shape)
            )
        weight, bias = self.ordered[x.dtype], conv.bias.to(x.dtype)
        result: Tensor = torch.ops.mkldnn._convolution_pointwise(
            x, weight, bias, *where, "relu", [], ""
        )
        return result


@cache
def _has_operators(bf16: bool) -> bool:
    """Test whether this build and processor have the operators that a compiled model calls."""
    names = ["_convolution_pointwise", "_reorder_convolution_weight", "_is_mkldnn_bf16_supported"]
    there = all(hasattr(torch.ops.mkldnn, name) for name in names)
    return there and (not bf16 or torch.ops.mkldnn._is_mkldnn_bf16_supported())


def _fold(network: nn.Module) -> None:
    """Replace every convolution with batch norm and ReLU by its :class:`Folded` form."""
    for name, part in network.named_children():
        if isinstance(part, BasicConv2d):
            setattr(network, name, Folded(part))
        else:
            _fold(part)
