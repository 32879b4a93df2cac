"""The DCGAN networks, layer by layer."""

from __future__ import annotations

import pytest
import torch
from helpers.support import SHIPPED

from ganpipe.networks import dcgan
from ganpipe.networks.build import build_generator


def test_dcgan_at_64_pixels_has_the_papers_layers() -> None:
    generator = dcgan.Generator(latent_dim=100, image_shape=(3, 64, 64), width=64)
    shapes = [tuple(p.shape) for p in generator.parameters() if p.dim() == 4]
    assert shapes == [
        (100, 512, 4, 4),
        (512, 256, 4, 4),
        (256, 128, 4, 4),
        (128, 64, 4, 4),
        (64, 3, 4, 4),
    ]
    # Sum of k*k*in*out over the layers above, and a scale and shift for each batch-normed channel.
    assert sum(p.numel() for p in generator.parameters()) == 3_576_704
    discriminator = dcgan.Discriminator(image_shape=(3, 64, 64), width=64, norm="batch")
    assert sum(p.numel() for p in discriminator.parameters()) == 2_765_568


@pytest.mark.parametrize(("size", "blocks"), [(28, 2), (32, 3), (64, 4), (128, 5)])
def test_dcgan_has_as_many_stride_2_layers_as_the_size_takes(size: int, blocks: int) -> None:
    network = dcgan.Discriminator(image_shape=(1, size, size), width=2, norm="none")
    strides = [layer.stride for layer in network.modules() if isinstance(layer, torch.nn.Conv2d)]
    assert strides == [(2, 2)] * blocks + [(1, 1)]


def test_dcgan_starts_from_small_normal_weights() -> None:
    torch.manual_seed(0)
    config = SHIPPED.models["dcgan"].generator
    network = build_generator(config, latent_dim=64, image_shape=(1, 32, 32))
    kernels = torch.cat([p.flatten() for p in network.parameters() if p.dim() == 4])
    scales = torch.cat([m.weight for m in network.modules() if isinstance(m, torch.nn.BatchNorm2d)])
    assert kernels.std().item() == pytest.approx(0.02, rel=0.02)
    assert scales.mean().item() == pytest.approx(1, abs=0.01)
    assert scales.std().item() == pytest.approx(0.02, rel=0.3)
