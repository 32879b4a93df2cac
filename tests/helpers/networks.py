"""Discriminators of either architecture, for tests of what is put into them."""

from __future__ import annotations

from typing import Any

import torch

from ganpipe.core.schema import validate
from ganpipe.methods.config import ModelConfig
from ganpipe.networks.build import build_discriminator
from ganpipe.networks.network import Network
from helpers.support import small_model

SHAPE = (1, 32, 32)
OWN_FIELDS: dict[str, dict[str, Any]] = {
    "mlp": {"hidden": [12, 6], "activation": "leaky_relu", "dropout": 0.0},
    "dcgan": {"width": 4, "norm": "none"},
}


def discriminator(arch: str, **fields: Any) -> Network:
    """A small discriminator of images of SHAPE, always with the same initial weights."""
    content = small_model("dcgan").model_dump(mode="json")
    content["discriminator"] = {"arch": arch, **OWN_FIELDS[arch], **fields}
    config = validate(ModelConfig, content, "a test")
    torch.manual_seed(0)
    return build_discriminator(config.discriminator, image_shape=SHAPE)
