"""Games whose discriminators see diffused images, and are told how far."""

from __future__ import annotations

import pytest
import torch
from helpers.games import context, rng
from helpers.support import ADVERSARIAL, small_model, spec_of
from torch import Tensor

from ganpipe.core.schema import validate
from ganpipe.data.loading.batches import Batch
from ganpipe.methods.adversarial import Adversarial
from ganpipe.methods.build import build_method
from ganpipe.methods.config import ModelConfig
from ganpipe.objectives.config import sign_tells

BATCH = Batch(torch.rand(6, 1, 32, 32, generator=rng(1)) * 2 - 1, torch.tensor([0, 1, 1, 0, 0, 1]))


def game(name: str, tell_step: bool = True) -> Adversarial:
    content = small_model(name).model_dump(mode="json")
    diffusion = {"kind": "diffusion", "tell_step": tell_step, "every": 1, "images": 12}
    content["objective"] |= {"augment": [], "augmentation": diffusion}
    method = build_method(validate(ModelConfig, content, name), spec_of(), seed=0).train()
    assert isinstance(method, Adversarial)
    return method


FOLLOWED = [name for name in ADVERSARIAL if sign_tells(small_model(name).objective.loss)]


@pytest.mark.parametrize("name", FOLLOWED)
def test_every_block_can_name_it_whose_sign_can_be_followed(name: str) -> None:
    """Both losses, the penalties' second derivatives among them, and a gradient in every weight
    of the generator that the image depends on."""
    method = game(name)
    now = context(method, BATCH)
    loss = method.d_loss(now)
    assert loss.parts["augment_p"] == 0
    method.turns(0)[0].after(now, loss)  # type: ignore[misc]
    assert method.view.augmentation is not None
    assert method.view.augmentation.strength(0.0) in (0.0, 0.5)
    g_loss = method.g_loss(now).total
    g_loss.backward()
    moved = [w.grad for w in method.generator.parameters() if w.grad is not None]
    assert any(gradient.abs().max() > 0 for gradient in moved)
    assert all(torch.isfinite(gradient).all() for gradient in [*moved, loss.total])


def test_the_discriminator_sees_a_channel_more() -> None:
    assert game("dcgan").discriminator.image_shape == (2, 32, 32)
    assert game("dcgan", tell_step=False).discriminator.image_shape == (1, 32, 32)
    assert game("cgan").discriminator.network.image_shape == (3, 32, 32)


def test_what_it_is_told_changes_its_verdict() -> None:
    discriminator = game("dcgan_sn").discriminator.eval()

    def told(level: float) -> Tensor:
        logits: Tensor = discriminator(
            torch.cat([BATCH.real, torch.full((6, 1, 32, 32), level)], 1)
        )
        return logits

    assert not torch.allclose(told(0.0), told(1.0))


def test_real_and_generated_images_draw_their_own_steps() -> None:
    method = game("dcgan_sn")
    now = context(method, BATCH)
    same = torch.zeros(64, 1, 32, 32)
    steps = [method.view(same, now)[:, -1, 0, 0] for _ in "ab"]
    assert not torch.equal(*steps)
    for each in steps:
        assert (each > 0).float().mean().item() == pytest.approx(0.5, abs=0.2)
