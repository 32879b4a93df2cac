"""Every shipped block's networks, from their fields."""

from __future__ import annotations

import pytest
import torch
from helpers.support import ADVERSARIAL, small_model, spec_of

from ganpipe.networks.build import build_discriminator, build_generator

SIZES = [(28, 1), (32, 3), (64, 3)]


@pytest.mark.parametrize(("size", "channels"), SIZES)
@pytest.mark.parametrize("name", ADVERSARIAL)
def test_shapes(name: str, size: int, channels: int) -> None:
    config, spec = small_model(name), spec_of(size, channels)
    shape, num_classes = spec.target.image_shape, len(spec.target.classes)
    generator = build_generator(
        config.generator,
        latent_dim=config.latent_dim,
        image_shape=shape,
        num_classes=num_classes,
    )
    discriminator = build_discriminator(
        config.discriminator, image_shape=shape, num_classes=num_classes
    )
    told = [torch.arange(5) % 2] if config.generator.conditioning != "none" else []
    noise = {name: torch.randn(5, *shape) for name, shape in generator.noise_shapes().items()}
    fake = generator(10 * torch.randn(5, config.latent_dim), *told, **noise)
    assert fake.shape == (5, channels, size, size)
    assert fake.isfinite().all()
    takes_label = bool(told) and config.discriminator.conditioning != "auxiliary"
    assert discriminator(fake, *(told if takes_label else [])).shape == (5,)
    assert generator.num_classes == (2 if told else 0)
    assert discriminator.num_classes == (2 if takes_label else 0)
    for network in (generator, discriminator):
        assert network.image_shape == (channels, size, size)


@pytest.mark.parametrize("name", ADVERSARIAL)
def test_groups_hold_every_parameter_once(name: str) -> None:
    config, (shape, classes) = small_model(name), ((1, 28, 28), 2)
    for network in (
        build_generator(config.generator, latent_dim=8, image_shape=shape, num_classes=classes),
        build_discriminator(config.discriminator, image_shape=shape, num_classes=classes),
    ):
        grouped = [id(weight) for group in network.parameter_groups() for weight in group["params"]]
        assert sorted(grouped) == sorted(id(weight) for weight in network.parameters())
