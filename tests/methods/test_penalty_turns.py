"""On which images penalties are taken, in which turns, and how strong they are."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from helpers.games import SHORT, begin, configured, context, game, rng
from torch import Tensor

from ganpipe.data.loading.batches import Batch
from ganpipe.objectives.augmentations.config import Transforms
from ganpipe.training.loop import train_step

BATCH = Batch(torch.rand(6, 1, 32, 32, generator=rng(1)) * 2 - 1, torch.tensor([0, 1, 1, 0, 0, 1]))


def test_a_shared_lazy_penalty_counts_the_discriminators_own_updates() -> None:
    method = game(
        objective={"loss": "relativistic", "penalties": {"r1": 1.0}, "penalty_every": 2},
        schedule={"new_images": True},
    )
    when = [{"step": step, "update": method.batches_before(step)} for step in range(4)]
    due = ["penalty" in method.d_loss(context(method, BATCH, **each)).parts for each in when]
    assert due == [True, False, True, False]


def test_the_log_has_a_lazy_penalty_where_it_was_applied_whatever_its_turn() -> None:
    fields = {"penalties": {"r1": 1.0}, "penalty_every": 3}
    for turn in ("shared", "own"):
        state, batches = begin(configured(objective={**fields, "penalty_turn": turn}))
        logged = [train_step(state, batches, SHORT) for _ in range(5)]
        assert ["penalty" in each for each in logged] == [True, False, False, True, False]
        assert all(each["penalty"] > 0 for each in logged if "penalty" in each)


def test_a_penalty_in_a_turn_of_its_own_is_as_strong_as_a_shared_one() -> None:
    fields = {"penalties": {"r1": 3.0}, "penalty_every": 4}
    shared, own = game(objective=fields), game(objective={**fields, "penalty_turn": "own"})
    now = context(own, BATCH)
    assert "penalty" not in own.d_loss(now).parts
    alone = own.penalty_loss(now)
    together = shared.d_loss(context(shared, BATCH))
    assert alone.total == together.parts["penalty"]
    assert together.total == together.parts["d_loss"]
    x = BATCH.real.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(own.discriminator(x).sum(), x)
    expected = 4 * 3.0 * gradient.flatten(1).norm(dim=1).square().mean() / 2
    assert torch.allclose(alone.total, expected)


def test_a_scheduled_penalty_fades() -> None:
    weight = {"start": 2.0, "end": 1.0}
    method = game(objective={"penalties": {"r1": weight}})
    parts = [method.d_loss(context(method, BATCH, progress=p)).parts for p in (0.0, 0.5)]
    assert torch.isclose(parts[0]["penalty"] * 0.75, parts[1]["penalty"])


def test_a_penalty_is_taken_at_the_image_through_an_augmentation() -> None:
    transforms = dict.fromkeys(Transforms.model_fields, 0.0) | {"contrast": 1.0}
    ada = {"kind": "ada", "probability": 1.0, "transforms": transforms}
    method = game(objective={"augmentation": ada, "penalties": {"r1": 2.0}})
    now = context(method, BATCH)
    method.d_loss(now)
    now.rng = rng(5)
    penalty = method.penalty_loss(now).total
    x = BATCH.real.clone().requires_grad_()
    assert method.view.augmentation is not None
    seen = method.view.augmentation(x, rng(5), progress=0.0)
    assert not torch.allclose(seen, x)
    (gradient,) = torch.autograd.grad(method.discriminator(seen).sum(), x)
    assert torch.allclose(penalty, gradient.flatten(1).norm(dim=1).square().mean())


AUGMENTATIONS: dict[str, dict[str, Any] | None] = {
    "none": None,
    "ada": {"kind": "ada", "probability": 1.0},
    "diffusion": {"kind": "diffusion"},
}


@pytest.mark.parametrize("turn", ["shared", "own"])
@pytest.mark.parametrize("kind", AUGMENTATIONS)
def test_penalties_stand_at_noised_images_before_an_augmentation(
    kind: str, turn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[Tensor] = []

    def spy(critic: object, real: Tensor, fake: Tensor, rng: torch.Generator) -> Tensor:
        given.extend((real, fake))
        return real.sum() * 0

    monkeypatch.setattr("ganpipe.objectives.penalties.r1.penalty", spy)
    method = game(
        objective={
            "instance_noise": 0.4,
            "penalties": {"r1": 1.0},
            "penalty_turn": turn,
            "augmentation": AUGMENTATIONS[kind],
        }
    )
    now = context(method, BATCH, progress=0.5)
    method.d_loss(now)
    if turn == "own":
        method.penalty_loss(now)
    real, fake = given
    for images, clean in ((real, BATCH.real), (fake, now.shared["fake"])):
        assert not images.requires_grad
        assert (images - clean).std().item() == pytest.approx(0.2, rel=0.05)
