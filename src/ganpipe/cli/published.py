"""Sizes that publications give for blocks of params.yaml, as changes to the blocks.

A block is listed where its architecture, so set, is the published one; `--paper` counts it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Published:
    """A published setting of a block."""

    source: str  # the publication, or the authors' program
    changes: Mapping[str, Any]  # from the shipped block, by names as `ganpipe models -S` takes them
    note: str = ""  # what else a reader has to know


IMAGES_OF_64 = {
    "dataset": "folder",
    "datasets.folder.image_size": 64,
    "datasets.folder.channels": 3,
}

CIFAR10 = {"dataset": "cifar10", "datasets.cifar10.image_size": 32}

# The 'cifar' configuration of the authors' program stylegan2-ada-pytorch.
STYLEGAN2 = {
    **CIFAR10,
    "latent_dim": 512,
    "generator.channel_base": 32768,
    "generator.channel_max": 512,
    "generator.style_dim": 512,
    "discriminator.channel_base": 32768,
    "discriminator.channel_max": 512,
    "discriminator.minibatch_group": 32,
    "train.batch_size": 64,
}

# Of both sides; the paper's cardinality of 96 is groups of 16 channels of 2 * 768.
R3GAN = {"width": 768, "widest_side": 32, "blocks": 2, "group_width": 16}

# Updates of the residual networks of 2017 and 2018: five of D on 64 images, and one of G on 128.
RESNET = {
    **CIFAR10,
    "schedule.n_critic": 5,
    "schedule.new_images": True,
    "schedule.generator_batch": 2,
    "train.batch_size": 64,
}
SNGAN = {**RESNET, "generator.width": 256, "discriminator.width": 128}
WGAN_GP = {**RESNET, "generator.width": 128, "discriminator.width": 128}

PUBLISHED = {
    "dcgan": Published(
        source="Radford et al. 2016, figure 1, as in the Torch program dcgan.torch",
        changes={
            **IMAGES_OF_64,
            "generator.width": 128,
            "discriminator.width": 128,
            "train.batch_size": 128,
        },
        note="LSUN, 64 px; the program's convolutions have biases besides, the paper's kernels "
        "have 5 x 5 pixels",
    ),
    "wgan": Published(
        source="the authors' program of Arjovsky et al. 2017, its defaults",
        changes={
            **IMAGES_OF_64,
            "generator.width": 64,
            "discriminator.width": 64,
            "train.batch_size": 64,
        },
        note="LSUN, 64 px",
    ),
    "sngan": Published(
        source="Miyato et al. 2018, CIFAR-10 as in the authors' program sngan_projection",
        changes=SNGAN,
        note="50,000 generator updates; real images get noise of a grey level there, and the "
        "generator is not averaged",
    ),
    "cgan_projection": Published(
        source="Miyato and Koyama 2018, CIFAR-10 as in the authors' program sngan_projection",
        changes=SNGAN,
        note="as sngan; the generator's classes are drawn evenly there",
    ),
    "wgan_gp_resnet": Published(
        source="the authors' program of Gulrajani et al. 2017, CIFAR-10",
        changes=WGAN_GP,
        note="100,000 generator updates; the generator is not averaged there",
    ),
    "acgan": Published(
        source="the authors' program of Gulrajani et al. 2017, CIFAR-10 with classes",
        changes=WGAN_GP,
        note="as wgan_gp_resnet; generated images are drawn with statistics of their batch there",
    ),
    "biggan": Published(
        source="the authors' PyTorch program of Brock et al. 2019, its script for CIFAR-10",
        changes={
            **CIFAR10,
            "generator.width": 256,
            "discriminator.width": 256,
            "schedule.n_critic": 4,
            "schedule.new_images": True,
            "train.batch_size": 50,
            "train.ema_decay": 0.9999,
        },
        note="125,000 generator updates; images are drawn with statistics of their batch there",
    ),
    "stylegan2": Published(
        source="Karras et al. 2020 (arXiv:2006.06676), the program's configuration 'cifar'",
        changes=STYLEGAN2,
        note="unconditional, 100 million real images",
    ),
    "stylegan2_ada": Published(
        source="Karras et al. 2020 (arXiv:2006.06676), the program's configuration 'cifar'",
        changes={
            **STYLEGAN2,
            "objective.augmentation.images": 500_000,
            "objective.augmentation.transforms.flip": 1.0,
            "objective.augmentation.transforms.turn": 1.0,
            "objective.augmentation.transforms.rotation": 1.0,
            "objective.augmentation.transforms.luma_flip": 1.0,
        },
        note="unconditional, 100 million real images",
    ),
    "progan": Published(
        source="Karras et al. 2018, section 6.5, the CIFAR-10 settings of the Theano program",
        changes={
            **CIFAR10,
            "latent_dim": 128,
            "generator.channel_base": 8192,
            "generator.channel_max": 128,
            "generator.growth": 0.12,
            "discriminator.channel_base": 8192,
            "discriminator.channel_max": 128,
            "discriminator.growth": 0.12,
            "train.batch_size": 16,
        },
        note="20 million real images; the gradient's norm is drawn to 750 there, here to 1",
    ),
    "r3gan": Published(
        source="Huang et al. 2024, the program's preset 'CIFAR10'",
        changes={
            **CIFAR10,
            **{
                f"{side}.{name}": value
                for side in ("generator", "discriminator")
                for name, value in R3GAN.items()
            },
            "generator.conditioning": "embedding",
            "discriminator.conditioning": "projection",
            "objective.penalties.r1.start": 0.05,
            "objective.penalties.r1.end": 0.005,
            "objective.penalties.r2.start": 0.05,
            "objective.penalties.r2.end": 0.005,
            "objective.augmentation.kind": "ada",
            "objective.augmentation.probability.start": 0.0,
            "objective.augmentation.probability.end": 0.55,
            "objective.augmentation.probability.shape": "cosine",
            **{
                f"objective.augmentation.transforms.{name}": 0.5
                for name in ("brightness", "contrast", "luma_flip", "hue", "saturation")
            },
            "objective.augmentation.transforms.cutout": 1.0,
            "ema_decay.end": 0.99993,
            "train.batch_size": 512,
        },
        note="conditional, real images also mirrored; all schedules end after 20 million real "
        "images, where training goes on",
    ),
}
