"""The extractor of Stacked MNIST: a classifier of digits, applied to each channel."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from ganpipe.features import classifier
from ganpipe.features.extractor import Extractor, Output, WeightFiles

CHANNELS = 3  # of the images that it takes


class PerChannel(nn.Module):
    """A network of grey images, uint8 (N, 1, h, w) -> Output, applied to each of C channels.

    (N, C, h, w) uint8 -> the features of all channels, (N, C * d), and the logarithm of the
    probability of each combination of their K classes, (N, K^C), in the order of the number that
    the classes are the digits of, the first channel's in front. Channels are taken for independent.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Output:
        count, channels, height, width = images.shape
        output: Any = self.network(images.reshape(count * channels, 1, height, width))
        first, *others = output.logits.log_softmax(1).view(count, channels, -1).unbind(1)
        for each in others:
            first = (first[:, :, None] + each[:, None]).flatten(1)
        return Output(output.features.view(count, -1), first)


def open_extractor(files: WeightFiles, device: torch.device) -> Extractor:
    """The extractor from the classifier that the stage `classifier` wrote.

    Raises GanpipeError where its file cannot be read.
    """
    one = classifier.open_extractor(files, device)
    assert one.training_share is not None
    return replace(
        one,
        name="digits",
        suffix="_digits",
        network=PerChannel(one.network),
        width=CHANNELS * one.width,
        channels=(CHANNELS,),
        protocol={
            **one.protocol,
            "extractor": f"{one.protocol['extractor']} of each of {CHANNELS} channels",
        },
        training_share=None,
        modes=len(one.training_share) ** CHANNELS,
    )
