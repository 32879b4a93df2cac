"""Settings that publications give for blocks of params.yaml, as changes to the blocks.

A block is listed where its networks, so set, are the published ones; `--paper` counts them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Published:
    """A published setting of a block."""

    source: str  # the publication, or the authors' program
    changes: Mapping[str, Any]  # of the shipped block, by names as `ganpipe models -S` takes them
    note: str  # on which images, and what is different here


CIFAR10 = {"dataset": "cifar10", "datasets.cifar10.image_size": 32}
IMAGES_OF_64 = {
    "dataset": "folder",
    "datasets.folder.image_size": 64,
    "datasets.folder.channels": 3,
}
NO_AVERAGE = {"ema_decay": 0.0}  # the last weights are the result


def _both(**fields: Any) -> dict[str, Any]:
    """Fields of both networks."""
    sides = ("generator", "discriminator")
    return {f"{side}.{name}": value for side in sides for name, value in fields.items()}


SNGAN = {  # 50,000 updates of G
    **CIFAR10,
    **NO_AVERAGE,
    "latent_dim": 128,
    "generator.width": 256,
    "discriminator.width": 128,
    "schedule.n_critic": 5,
    "schedule.new_images": True,
    "schedule.generator_batch": 2,
    "optimizer.lr.start": 0.0002,
    "optimizer.discriminator.lr.start": 0.0002,
    "optimizer.discriminator.lr.end": 0.0,
    "train.batch_size": 64,
    "train.epochs": 320,
}
WGAN_GP = {  # 100,000 updates of G
    **CIFAR10,
    **NO_AVERAGE,
    "latent_dim": 128,
    **_both(width=128),
    "schedule.n_critic": 5,
    "schedule.new_images": True,
    "schedule.generator_batch": 2,
    "optimizer.lr.start": 0.0002,
    "train.batch_size": 64,
    "train.epochs": 640,
}
STYLEGAN2 = {  # 100 million images
    **CIFAR10,
    "latent_dim": 512,
    **_both(channel_base=32768, channel_max=512),
    "generator.style_dim": 512,
    "discriminator.minibatch_group": 32,
    "objective.penalties.r1": 0.01,
    "optimizer.generator.lr": 0.0025,
    "optimizer.discriminator.lr": 0.0025,
    "ema_decay": 0.99991,  # a half-life of 500,000 images
    "train.batch_size": 64,
    "train.epochs": 2000,
}

PUBLISHED = {
    "dcgan": Published(
        source="Radford et al. 2016, figure 1, and the Torch program dcgan.torch",
        changes={**IMAGES_OF_64, **NO_AVERAGE, **_both(width=128), "train.batch_size": 128},
        note="LSUN; the paper's kernels have 5 x 5 pixels, the program's layers have biases",
    ),
    "wgan": Published(
        source="Arjovsky et al. 2017, the defaults of the authors' program",
        changes={**IMAGES_OF_64, **NO_AVERAGE, **_both(width=64), "train.batch_size": 64},
        note="LSUN",
    ),
    "sngan": Published(
        source="Miyato et al. 2018, the authors' program sngan_projection",
        changes=SNGAN,
        note="CIFAR-10, unconditional; the program adds noise of a grey level to real images",
    ),
    "cgan_projection": Published(
        source="Miyato and Koyama 2018, the authors' program sngan_projection",
        changes=SNGAN,
        note="CIFAR-10; the program adds noise of a grey level to real images",
    ),
    "wgan_gp_resnet": Published(
        source="Gulrajani et al. 2017, appendix C, and the authors' program",
        changes=WGAN_GP,
        note="CIFAR-10, unconditional",
    ),
    "acgan": Published(
        source="Gulrajani et al. 2017, appendix C, and the authors' program",
        changes={
            **WGAN_GP,
            "objective.auxiliary.generator": 0.1,
            "optimizer.discriminator.lr": {"start": 0.0002, "end": 0.0},
        },
        note="CIFAR-10; not the networks of Odena et al. 2017",
    ),
    "biggan": Published(
        source="Brock et al. 2019, the authors' program for CIFAR-10",
        changes={  # 125,000 updates of G
            **CIFAR10,
            "latent_dim": 128,
            **_both(width=256),
            "schedule.n_critic": 4,
            "schedule.new_images": True,
            "optimizer.generator.lr": 0.0002,
            "optimizer.discriminator.lr": 0.0002,
            "ema_decay": 0.9999,
            "train.batch_size": 50,
            "train.epochs": 500,
        },
        note="CIFAR-10",
    ),
    "stylegan2": Published(
        source="Karras et al. 2020 (arXiv:2006.06676), the program's configuration 'cifar'",
        changes=STYLEGAN2,
        note="CIFAR-10, unconditional",
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
        note="CIFAR-10, unconditional",
    ),
    "progan": Published(
        source="Karras et al. 2018, section 6.5, and the authors' first program",
        changes={  # 20 million images
            **CIFAR10,
            "latent_dim": 128,
            **_both(channel_base=8192, channel_max=128, growth=0.12),
            "train.batch_size": 16,
            "train.epochs": 400,
        },
        note="CIFAR-10, unconditional; the program draws the gradient's norm to 750, not to 1",
    ),
    "r3gan": Published(
        source="Huang et al. 2024, the program's preset 'CIFAR10'",
        changes={  # the 20 million images, for D and for G each, in which schedules move
            **CIFAR10,
            **_both(width=768, widest_side=32, blocks=2, group_width=16),
            "generator.conditioning": "embedding",
            "discriminator.conditioning": "projection",
            "objective.penalties.r1.start": 0.05,
            "objective.penalties.r1.end": 0.005,
            "objective.penalties.r2.start": 0.05,
            "objective.penalties.r2.end": 0.005,
            "optimizer.lr.start": 0.0002,
            "optimizer.lr.end": 0.00005,
            "objective.augmentation.kind": "ada",
            "objective.augmentation.probability.start": 0.0,
            "objective.augmentation.probability.end": 0.55,
            "objective.augmentation.probability.shape": "cosine",
            "objective.augmentation.transforms.brightness": 0.5,
            "objective.augmentation.transforms.contrast": 0.5,
            "objective.augmentation.transforms.luma_flip": 0.5,
            "objective.augmentation.transforms.hue": 0.5,
            "objective.augmentation.transforms.saturation": 0.5,
            "objective.augmentation.transforms.cutout": 1.0,
            "ema_decay.end": 0.99993,  # a half-life of 5 million images
            "train.batch_size": 512,
            "train.epochs": 800,
        },
        note="CIFAR-10; the program also mirrors real images, and goes on after the schedules",
    ),
    "ddgan": Published(
        source="Xiao et al. 2022, the authors' program for CIFAR-10",
        changes={  # 1,800 epochs, of which the released weights are those after 1,200
            **CIFAR10,
            "latent_dim": 100,
            **_both(width=128),
            "generator.multipliers": [1, 2, 2, 2],
            "generator.blocks": 2,
            "generator.attention": 16,
            "generator.style_dim": 256,
            "generator.mapping_layers": 5,
            "optimizer.generator.lr.start": 0.00016,
            "optimizer.discriminator.lr.start": 0.000125,
            "ema_decay": 0.9999,
            "ema_ramp": 0.0,
            "train.batch_size": 256,
            "train.epochs": 1800,
        },
        note="CIFAR-10, unconditional; the program also mirrors real images",
    ),
}
