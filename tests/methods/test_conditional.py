"""What a conditional game tells its two sides, and that it needs something to tell."""

from __future__ import annotations

import pytest
import torch
from helpers.support import first_moment, small_model, spec_of

from ganpipe.core.errors import GanpipeError
from ganpipe.core.schema import validate
from ganpipe.data.loading.batches import Batch
from ganpipe.data.spec import DataSpec, Domain
from ganpipe.methods.adversarial import Adversary
from ganpipe.methods.build import build_method
from ganpipe.methods.config import ModelConfig
from ganpipe.methods.method import Moment
from ganpipe.networks.layers.conditioning import ConditionalDiscriminator, ConditionalGenerator

START = Moment(step=0, update=0, progress=0.0)


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def conditional(norm: str = "batch", **changes: object) -> ModelConfig:
    content = small_model("cgan").model_dump(mode="json") | changes
    content["discriminator"]["norm"] = norm
    return validate(ModelConfig, content, "the block")


def method(config: ModelConfig) -> Adversary:
    built = build_method(config, spec_of(), seed=0)
    assert isinstance(built, Adversary)
    return built


def batch(first: int = 0) -> Batch:
    real = torch.rand(6, 1, 32, 32, generator=rng(1)) * 2 - 1
    return Batch(real, (torch.arange(6) + first) % 2)


def test_unrolling_updates_the_planes_of_the_classes_too() -> None:
    game = method(conditional("none", objective={"loss": "minimax", "unrolled_steps": 2}))
    fakes = game.generate(batch(), rng())
    value = game.g_loss(batch(), fakes, rng(), first_moment(game, lr=0.5)).total
    optimizer = torch.optim.SGD(game.d_nets.parameters(), lr=0.5)
    for _ in range(2):
        optimizer.zero_grad()
        game.d_loss(batch(), fakes, rng(), START).total.backward()
        optimizer.step()
    expected = -game.d_loss(batch(), fakes, rng(), START).total
    assert torch.allclose(value, expected, atol=1e-5)


def test_clipping_leaves_the_planes_of_the_classes_as_large_as_pixels() -> None:
    objective = {"loss": "wasserstein", "weight_clip": 0.01}
    game = method(conditional("none", objective=objective))
    game.after_d_step()
    sizes = {name: weight.abs().max() for name, weight in game.d_nets.named_parameters()}
    assert sizes.pop("discriminator.planes.weight") > 1
    assert max(sizes.values()) <= 0.01


def test_both_sides_are_told_what_the_real_images_show() -> None:
    game = method(conditional())
    even, odd = (game.generate(batch(first), rng())["fake"] for first in (0, 1))
    z = game.inputs(6, rng())["z"]
    assert even.equal(game.generator()(z, batch(0).label))
    assert not even.equal(odd)
    fakes = {"fake": even}
    losses = [game.d_loss(batch(first), fakes, rng(), START).total for first in (0, 1)]
    assert losses[0] != losses[1]
    losses = [game.g_loss(batch(first), fakes, rng(), START).total for first in (0, 1)]
    assert losses[0] != losses[1]


def test_one_pass_tells_real_and_generated_images_the_same() -> None:
    game = method(conditional("none"))
    fakes = game.generate(batch(), rng())
    assert not game.separate_passes
    once = game.d_loss(batch(), fakes, rng(), START).total
    game.separate_passes = True
    torch.testing.assert_close(once, game.d_loss(batch(), fakes, rng(), START).total)


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
    game = method(conditional("none", objective={"n_critic": 1, **objective}))
    fakes = game.generate(batch(), rng())
    start = first_moment(game)
    for loss in (game.d_loss, game.g_loss):
        first, second = (loss(batch(first), fakes, rng(), start).total for first in (0, 1))
        assert first.isfinite()
        assert first != second


@pytest.mark.parametrize(
    ("counts", "shares"),
    [((), (1 / 3, 1 / 3, 1 / 3)), ((60, 0, 20), (0.75, 0, 0.25)), ((5, 5, 0), (0.5, 0.5, 0))],
)
def test_labels_are_as_frequent_as_in_the_training_data(
    counts: tuple[int, ...], shares: tuple[float, ...]
) -> None:
    """A generator that is judged on other shares than the data's would be blamed for them."""
    spec = DataSpec("folder", Domain(1, 32, 32, ("a", "b", "c"), counts), 80, 12)
    labels = build_method(conditional(), spec, seed=0).inputs(4000, rng())["label"]
    assert labels.dtype == torch.int64
    found = torch.bincount(labels, minlength=3) / 4000
    assert found.tolist() == pytest.approx(shares, abs=0.04)
    assert [share > 0 for share in found.tolist()] == [share > 0 for share in shares]


def test_images_without_labels_are_refused() -> None:
    spec = DataSpec("folder", Domain(1, 32, 32), 48, 12)
    with pytest.raises(GanpipeError, match="the dataset 'folder' have no labels"):
        build_method(conditional(), spec, seed=0)
