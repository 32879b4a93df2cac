"""Pix2pix: its losses against plain formulas, its switches, and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from helpers.games import context
from helpers.support import small_model, spec_of
from helpers.translating import pair_batch, pairs_of
from torch import Tensor

from ganpipe.core.errors import GanpipeError
from ganpipe.core.schema import validate
from ganpipe.methods.build import build_method
from ganpipe.methods.configs.pix2pix import Pix2PixConfig
from ganpipe.methods.pix2pix import Pix2Pix


def config(**fields: Any) -> Pix2PixConfig:
    content = small_model("pix2pix").model_dump(mode="json")
    content["generator"]["dropout"] = 0.0
    return validate(Pix2PixConfig, content | fields, "a test")


def method(spec: Any = None, **fields: Any) -> Pix2Pix:
    built: Any = build_method(config(**fields), spec or pairs_of(), seed=0)
    return built


def entropy(logits: Tensor, label: float) -> Tensor:
    return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, label))


@pytest.mark.parametrize("conditional", [True, False])
@pytest.mark.parametrize("count", [1, 3])
def test_losses_are_the_papers(conditional: bool, count: int) -> None:
    game = method(conditional=conditional, l1=7.0)
    batch = pair_batch(pairs_of(), count)
    assert batch.source is not None
    fake = game.players["generator"](batch.source)

    def verdict(images: Tensor) -> Tensor:
        seen = torch.cat([batch.source, images], 1) if conditional else images
        return game.players["discriminator"](seen)

    now = context(game, batch)
    d = game.d_loss(now)
    expected = entropy(verdict(batch.real), 1) + entropy(verdict(fake), 0)
    torch.testing.assert_close(d.total, expected)
    g = game.g_loss(now)
    l1 = F.l1_loss(fake, batch.real)
    torch.testing.assert_close(g.total, entropy(verdict(fake), 1) + 7 * l1)
    torch.testing.assert_close(g.parts["l1"], l1)
    assert d.parts["d_real"] == verdict(batch.real).sigmoid().mean()
    assert set(d.parts | g.parts) == set(game.logged)


def test_both_players_judge_the_same_images() -> None:
    game, calls = method(), []
    game.players["generator"].register_forward_hook(lambda *_: calls.append(1))
    now = context(game, pair_batch(pairs_of()))
    game.d_loss(now)
    game.g_loss(now)
    assert len(calls) == 1
    assert [turn.player for turn in game.turns(0)] == ["discriminator", "generator"]
    assert [turn.new_batch for turn in game.turns(0)] == [True, False]


def test_a_discriminator_gives_its_generator_no_gradient() -> None:
    game = method()
    game.d_loss(context(game, pair_batch(pairs_of()))).total.backward()
    assert all(weight.grad is None for weight in game.players["generator"].parameters())


def test_l1_alone_has_one_player() -> None:
    game = method(discriminator=None, l1=2.0)
    assert list(game.players) == ["generator"]
    (turn,) = game.turns(0)
    assert turn.new_batch
    batch = pair_batch(pairs_of())
    assert batch.source is not None
    loss = turn.loss(context(game, batch))
    expected = 2 * F.l1_loss(game.players["generator"](batch.source), batch.real)
    torch.testing.assert_close(loss.total, expected)


def test_the_game_alone_ignores_the_truth() -> None:
    game = method(l1=0.0)
    now = context(game, pair_batch(pairs_of()))
    game.d_loss(now)
    total = game.g_loss(now).total
    verdict = game.players["discriminator"](torch.cat([now.batch.source, now.shared["fake"]], 1))
    torch.testing.assert_close(total, entropy(verdict, 1))


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"source": {"kind": "edges", "paired": False}}, "source.paired must be true"),
        ({"discriminator": None, "l1": 0.0}, "the model has nothing to learn from"),
    ],
)
def test_what_makes_no_sense_is_refused(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(GanpipeError, match=said):
        config(**fields)


def test_data_without_a_source_are_refused() -> None:
    with pytest.raises(GanpipeError, match="has no source images to translate"):
        method(spec_of())


@pytest.mark.parametrize("size", [28, 32, 64])
@pytest.mark.parametrize(("source", "target"), [(1, 1), (1, 3), (3, 1)])
def test_sizes_and_channels(size: int, source: int, target: int) -> None:
    spec = pairs_of(size, target, source)
    game = method(spec)
    now = context(game, pair_batch(spec, 1))
    assert game.d_loss(now).total.isfinite()
    assert game.g_loss(now).total.isfinite()
    (sampler,) = game.samplers().values()
    assert sampler(input=torch.zeros(2, source, size, size)).shape == (2, target, size, size)
