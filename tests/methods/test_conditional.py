"""What a conditional game tells its two sides, and that it needs something to tell."""

from __future__ import annotations

import pytest
import torch
from helpers.games import context, d_loss, g_loss, generated, rng
from helpers.support import small_model, spec_of

from ganpipe.core.errors import GanpipeError
from ganpipe.core.schema import validate
from ganpipe.data.loading.batches import Batch
from ganpipe.data.spec import DataSpec, Domain
from ganpipe.methods.adversarial import Adversarial
from ganpipe.methods.build import build_method
from ganpipe.methods.config import ModelConfig
from ganpipe.methods.method import Loss


def conditional(norm: str = "batch", **changes: object) -> ModelConfig:
    content = small_model("cgan").model_dump(mode="json") | changes
    content["discriminator"]["norm"] = norm
    return validate(ModelConfig, content, "the block")


def method(config: ModelConfig) -> Adversarial:
    built = build_method(config, spec_of(), seed=0)
    assert isinstance(built, Adversarial)
    return built


def batch(first: int = 0) -> Batch:
    real = torch.rand(6, 1, 32, 32, generator=rng(1)) * 2 - 1
    return Batch(real, (torch.arange(6) + first) % 2)


def test_unrolling_updates_the_planes_of_the_classes_too() -> None:
    game = method(conditional("none", objective={"loss": "minimax", "unrolled_steps": 2}))
    fake = generated(game, batch())
    value = g_loss(game, batch(), fake, lr=0.5).total
    optimizer = torch.optim.SGD(game.discriminator.parameters(), lr=0.5)
    for _ in range(2):
        optimizer.zero_grad()
        d_loss(game, batch(), fake).total.backward()
        optimizer.step()
    expected = -d_loss(game, batch(), fake).total
    assert torch.allclose(value, expected, atol=1e-5)


def test_clipping_leaves_the_planes_of_the_classes_as_large_as_pixels() -> None:
    objective = {"loss": "wasserstein", "weight_clip": 0.01}
    game = method(conditional("none", objective=objective))
    d_turn, _ = game.turns(step=0)
    assert d_turn.after is not None
    d_turn.after(context(game, batch()), Loss(torch.zeros(()), {}))
    sizes = {name: weight.abs().max() for name, weight in game.discriminator.named_parameters()}
    assert sizes.pop("planes.weight") > 1
    assert max(sizes.values()) <= 0.01


def test_both_sides_are_told_what_the_real_images_show() -> None:
    game = method(conditional())
    even, odd = (generated(game, batch(first)) for first in (0, 1))
    z = game.sampler.draw_inputs(6, rng())["z"]
    assert even.equal(game.players["generator"](z, batch(0).label))
    assert not even.equal(odd)
    losses = [d_loss(game, batch(first), even).total for first in (0, 1)]
    assert losses[0] != losses[1]
    losses = [g_loss(game, batch(first), even).total for first in (0, 1)]
    assert losses[0] != losses[1]


def test_one_pass_tells_real_and_generated_images_the_same() -> None:
    game = method(conditional("none"))
    fake = generated(game, batch())
    assert not game.judge.separate_passes
    once = d_loss(game, batch(), fake).total
    game.judge.separate_passes = True
    torch.testing.assert_close(once, d_loss(game, batch(), fake).total)


@pytest.mark.parametrize(
    "objective",
    [
        {"loss": "wasserstein", "penalties": {"gradient_penalty": 10.0}},
        {"loss": "non_saturating", "feature_matching": True},
        {"loss": "minimax", "unrolled_steps": 2},
        {"loss": "relativistic"},
    ],
)
def test_every_objective_can_be_conditional(objective: dict[str, object]) -> None:
    game = method(conditional("none", objective=objective))
    fake = generated(game, batch())
    for loss in (d_loss, g_loss):
        first, second = (loss(game, batch(first), fake).total for first in (0, 1))
        assert first.isfinite()
        assert first != second


def test_images_without_labels_are_refused() -> None:
    spec = DataSpec("folder", Domain(1, 32, 32), 48, 12)
    with pytest.raises(GanpipeError, match="the dataset 'folder' have no labels"):
        build_method(conditional(), spec, seed=0)
