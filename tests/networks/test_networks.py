from __future__ import annotations

import pytest
import torch
from helpers.support import SHIPPED, small_model, spec_of

from ganpipe.networks import dcgan, mlp
from ganpipe.networks.build import build_discriminator, build_generator
from ganpipe.networks.layers.minibatch import mixes_samples

SIZES = [(28, 1), (32, 3), (64, 3)]


@pytest.mark.parametrize(("size", "channels"), SIZES)
@pytest.mark.parametrize("name", SHIPPED.models)
def test_shapes_and_range(name: str, size: int, channels: int) -> None:
    config, spec = small_model(name), spec_of(size, channels)
    fake = build_generator(config.generator, config.latent_dim, spec.shape)(
        10 * torch.randn(5, config.latent_dim)
    )
    assert fake.shape == (5, channels, size, size)
    assert fake.abs().max() <= 1
    logits = build_discriminator(config.discriminator, spec.shape)(fake)
    assert logits.shape == (5,)


def test_dcgan_at_64_pixels_has_the_papers_layers() -> None:
    generator = dcgan.Generator(latent_dim=100, shape=(3, 64, 64), width=64)
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
    discriminator = dcgan.Discriminator(shape=(3, 64, 64), width=64, norm="batch")
    assert sum(p.numel() for p in discriminator.parameters()) == 2_765_568


@pytest.mark.parametrize(("size", "blocks"), [(28, 2), (32, 3), (64, 4), (128, 5)])
def test_dcgan_has_as_many_stride_2_layers_as_the_size_takes(size: int, blocks: int) -> None:
    network = dcgan.Discriminator(shape=(1, size, size), width=2, norm="none")
    strides = [layer.stride for layer in network.modules() if isinstance(layer, torch.nn.Conv2d)]
    assert strides == [(2, 2)] * blocks + [(1, 1)]


def test_dcgan_starts_from_small_normal_weights() -> None:
    torch.manual_seed(0)
    network = dcgan.Generator(latent_dim=64, shape=(1, 32, 32), width=32)
    kernels = torch.cat([p.flatten() for p in network.parameters() if p.dim() == 4])
    scales = torch.cat([m.weight for m in network.modules() if isinstance(m, torch.nn.BatchNorm2d)])
    assert kernels.std().item() == pytest.approx(0.02, rel=0.02)
    assert scales.mean().item() == pytest.approx(1, abs=0.01)
    assert scales.std().item() == pytest.approx(0.02, rel=0.3)


def test_mlp_layers_follow_their_fields() -> None:
    generator = mlp.Generator(
        latent_dim=7, shape=(1, 28, 28), hidden=[5, 6], activation="relu", batch_norm=True
    )
    kinds = [type(layer).__name__ for layer in generator.layers]
    assert kinds == ["Linear", "ReLU", "Linear", "BatchNorm1d", "ReLU", "Linear", "Tanh"]
    discriminator = mlp.Discriminator(
        shape=(1, 28, 28), hidden=[6, 5], activation="leaky_relu", dropout=0.3
    )
    kinds = [type(layer).__name__ for layer in [*discriminator.features, discriminator.last]]
    assert kinds == ["Flatten", *["Linear", "LeakyReLU", "Dropout"] * 2, "Linear"]
    assert discriminator.features[2].negative_slope == 0.2


@pytest.mark.parametrize("norm", ["batch", "none"])
def test_mixes_samples_tells_whether_one_image_changes_anothers_output(norm: str) -> None:
    network = dcgan.Discriminator(shape=(1, 32, 32), width=4, norm=norm)
    first, others = torch.rand(1, 1, 32, 32), torch.rand(2, 5, 1, 32, 32)
    outputs = [network(torch.cat([first, other]))[0] for other in others]
    same = torch.allclose(outputs[0], outputs[1], atol=1e-6)
    assert same is not mixes_samples(network)
