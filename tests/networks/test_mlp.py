"""The fully connected networks, layer by layer."""

from __future__ import annotations

from ganpipe.networks import mlp


def test_mlp_layers_follow_their_fields() -> None:
    generator = mlp.Generator(
        latent_dim=7, image_shape=(1, 28, 28), hidden=[5, 6], activation="relu", batch_norm=True
    )
    kinds = [type(layer).__name__ for layer in generator.layers]
    assert kinds == ["Linear", "ReLU", "Linear", "BatchNorm1d", "ReLU", "Linear", "Tanh"]
    discriminator = mlp.Discriminator(
        image_shape=(1, 28, 28), hidden=[6, 5], activation="leaky_relu", dropout=0.3
    )
    kinds = [type(layer).__name__ for layer in [*discriminator.features, discriminator.last]]
    assert kinds == ["Flatten", *["Linear", "LeakyReLU", "Dropout"] * 2, "Linear"]
    assert discriminator.features[2].negative_slope == 0.2
