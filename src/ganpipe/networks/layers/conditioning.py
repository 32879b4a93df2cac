"""Telling both sides the class: Mirza & Osindero 2014, "Conditional Generative Adversarial Nets"
(arXiv:1411.1784), section 3.2, where the class joins the input of each network."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class ConditionalGenerator(nn.Module):
    """(N, latent_dim) float noise and (N,) int64 labels in [0, classes) -> what ``network`` makes
    of the noise followed by the label as one number a class, 1 for its own and 0 else."""

    def __init__(self, network: nn.Module, classes: int) -> None:
        super().__init__()
        self.network = network
        self.classes = classes

    def forward(self, z: Tensor, label: Tensor) -> Tensor:
        return self.network(torch.cat([z, F.one_hot(label, self.classes).to(z.dtype)], 1))


class ConditionalDiscriminator(nn.Module):
    """(N, C, H, W) images and (N,) int64 labels -> what ``network`` answers to (N, C + 1, H, W): a
    picture of the class that is learnt, one number a pixel, as one more channel; so every
    architecture can be told."""

    def __init__(self, network: nn.Module, classes: int, image_size: int) -> None:
        super().__init__()
        self.network = network
        self.planes = nn.Embedding(classes, image_size * image_size)

    def forward(self, images: Tensor, label: Tensor) -> Tensor:
        return self.network(self.told(images, label))

    def features(self, images: Tensor, label: Tensor) -> Tensor:
        """The features that the last layer of ``network`` evaluators."""
        return self.network.get_submodule("features")(self.told(images, label))

    def told(self, images: Tensor, label: Tensor) -> Tensor:
        """The images with the pictures of their classes."""
        plane = self.planes(label).view(len(label), 1, *images.shape[2:])
        return torch.cat([images, plane.to(images.dtype)], 1)
