"""Batches in slices: the gradients, draws and logged values of what is computed one by one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
import torch
from helpers.games import CPU, SHORT, begin
from protocol.harness import CONFIG, RandomBatches
from torch import Tensor, nn

from ganpipe.data.loading.batches import Batch
from ganpipe.methods.method import Context, Loss, Method, Turn
from ganpipe.optim.config import OptimizerConfig
from ganpipe.sampling.sampler import Sampler
from ganpipe.training.loop import train_step
from ganpipe.training.slices import sliced
from ganpipe.training.state import State, start


class Drawless(Method):
    """A non-saturating game whose noise is the source of the batch, and a lazy penalty of G.

    Both turns note what they are given; the generator's images have their graph to the end.
    """

    logged = ("d_loss", "g_loss", "lazy", "count")

    def __init__(self) -> None:
        super().__init__()
        generator = nn.Sequential(nn.Flatten(), nn.Linear(64, 12), nn.Tanh(), nn.Linear(12, 64))
        discriminator = nn.Sequential(nn.Flatten(), nn.Linear(64, 7), nn.Tanh(), nn.Linear(7, 1))
        self.players = nn.ModuleDict({"generator": generator, "discriminator": discriminator})
        self.seen: list[Context] = []
        self.afterwards: list[tuple[Context, Loss]] = []

    def turns(self, step: int) -> Sequence[Turn]:
        return [
            Turn(
                player="discriminator",
                loss=self.d_loss,
                purpose="d_loss",
                new_batch=True,
                records=("generator",),
                after=lambda context, loss: self.afterwards.append((context, loss)),
            ),
            Turn(player="generator", loss=self.g_loss, purpose="g_loss"),
            Turn(player="generator", loss=self.lazy, purpose="lazy", every=2, extra=True),
        ]

    def batches_before(self, step: int) -> int:
        return step

    def samplers(self) -> dict[str, Sampler]:
        return {}

    def d_loss(self, context: Context) -> Loss:
        self.seen.append(context)
        context.shared["fake"] = self.players["generator"](context.batch.source)
        critic = self.players["discriminator"]
        total = nn.functional.softplus(-critic(context.batch.real)).mean()
        total = total + nn.functional.softplus(critic(context.shared["fake"].detach())).mean()
        parts = {"d_loss": total.detach(), "count": torch.tensor(float(len(self.seen)))}
        return Loss(total, parts)

    def g_loss(self, context: Context) -> Loss:
        self.seen.append(context)
        total = nn.functional.softplus(-self.players["discriminator"](context.shared["fake"]))
        return Loss(total.mean(), {"g_loss": total.mean().detach()})

    def lazy(self, context: Context) -> Loss:
        total = self.players["generator"](context.batch.source).square().mean()
        return Loss(total, {"lazy": total.detach()})


def game() -> tuple[State, Drawless]:
    torch.manual_seed(0)
    method = Drawless()
    settings = dict.fromkeys(method.players, OptimizerConfig(name="sgd", lr=1.0, betas=(0.5, 0.9)))
    return start(method, settings, CPU), method


def go(accumulate: int, steps: int = 3) -> tuple[Drawless, list[dict[str, Tensor]]]:
    state, method = game()
    config = CONFIG.model_copy(update={"batch_size": 8, "accumulate": accumulate})
    return method, [train_step(state, RandomBatches(batch_size=8), config) for _ in range(steps)]


@pytest.mark.parametrize("accumulate", [2, 4])
def test_slices_give_the_gradients_of_the_whole_batch(accumulate: int) -> None:
    """One after three steps of plain descent, where weights move by gradients alone."""
    whole, logged_of_whole = go(1)
    cut, logged = go(accumulate)
    torch.manual_seed(0)
    for player, weights in Drawless().players.state_dict().items():
        one, other = (method.players.state_dict()[player] for method in (whole, cut))
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-6)
        assert (one - weights).abs().max() > 1e-3
    for one, other in zip(logged_of_whole, logged, strict=True):
        for name in one.keys() - {"count"}:
            torch.testing.assert_close(one[name], other[name], rtol=1e-5, atol=1e-6)


def test_turns_share_within_a_slice() -> None:
    method, logged = go(4, steps=1)
    d_turn, g_turn = method.seen[:4], method.seen[4:]
    batch = RandomBatches(batch_size=8).at(0)
    for index, (first, second) in enumerate(zip(d_turn, g_turn, strict=True)):
        own = slice(2 * index, 2 * index + 2)
        for context in (first, second):
            assert torch.equal(context.batch.real, batch.real[own])
            assert torch.equal(context.batch.label, batch.label[own])
            assert torch.equal(context.batch.source, batch.source[own])
        assert first.shared is second.shared
    assert len({id(context.shared) for context in d_turn}) == 4
    assert logged[0]["count"] == 2.5  # the mean of 1, 2, 3 and 4


def test_what_follows_a_turn_sees_the_whole_batch_and_the_mean() -> None:
    method, logged = go(4, steps=1)
    ((context, loss),) = method.afterwards
    assert torch.equal(context.batch.real, RandomBatches(batch_size=8).at(0).real)
    assert context.shared == {}
    assert context.rng is method.seen[0].rng  # goes on from the draws of the first slice
    assert loss.parts["count"] == 2.5
    torch.testing.assert_close(loss.total, logged[0]["d_loss"])
    assert not loss.total.requires_grad
    method, _ = go(1, steps=1)
    ((context, _),) = method.afterwards
    assert context is method.seen[0]


def test_every_slice_draws_by_itself_and_the_first_as_if_there_were_no_other() -> None:
    drawn: dict[int, list[tuple[float, float]]] = {}
    for accumulate in (1, 4):
        method, _ = go(accumulate, steps=2)
        drawn[accumulate] = [
            (
                float(torch.rand((), generator=context.rng)),
                float(torch.rand((), generator=context.stream("latent"))),
            )
            for context in method.seen
        ]
    assert drawn[4][::4] == drawn[1]
    of_turns, of_latents = (set(numbers) for numbers in zip(*drawn[4], strict=True))
    assert len(of_turns) == 16  # in two turns of two steps
    assert len(of_latents) == 8  # in two steps, whose turns have the same number


def test_a_shipped_block_trains_in_slices_to_the_same_bits_every_time() -> None:
    config = SHORT.model_copy(update={"accumulate": 2})
    results = []
    for _ in range(2):
        state, batches = begin("dcgan_sn", config=config)
        passes: list[Any] = []
        state.method.players["generator"].register_forward_hook(
            lambda _, inputs, images, passes=passes: passes.append(images.detach())
        )
        for _ in range(2):
            logged = train_step(state, batches, config)
        assert all(value.isfinite() for value in logged.values())
        assert [len(images) for images in passes] == [4] * 4
        assert not torch.equal(passes[0], passes[1])
        results.append(state.method.state_dict())
    assert all(torch.equal(value, results[1][name]) for name, value in results[0].items())


class Counted(torch.autograd.Function):
    """The identity, which counts the graphs that are alive in ``counts``, a new entry each time."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, counts: list[int]) -> Tensor:
        ctx.counts = counts
        counts.append(counts[-1] + 1)
        return x.clone()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        ctx.counts.append(ctx.counts[-1] - 1)
        return gradient, None


def test_graphs_of_one_slice_are_alive_at_a_time_and_those_that_are_shared() -> None:
    state, method = game()
    alive: dict[str, list[int]] = {player: [0] for player in method.players}
    for player, network in method.players.items():
        network.register_forward_hook(
            lambda _, inputs, output, counts=alive[player]: Counted.apply(output, counts)
        )
    config = CONFIG.model_copy(update={"batch_size": 8, "accumulate": 4})
    state.step = 1  # without the lazy turn
    train_step(state, RandomBatches(batch_size=8), config)
    assert max(alive["discriminator"]) == 2  # the passes on real and on generated images
    assert max(alive["generator"]) == 4  # which wait for the generator's turn
    assert {counts[-1] for counts in alive.values()} == {0}


def test_a_batch_is_cut_into_equal_slices_only() -> None:
    batch = Batch(torch.arange(6.0)[:, None, None, None])
    assert sliced(batch, 1) == [batch]
    pieces = sliced(batch, 3)
    assert [piece.real.flatten().tolist() for piece in pieces] == [[0, 1], [2, 3], [4, 5]]
    assert pieces[0].label is None
    with pytest.raises(ValueError, match="6 images cannot be cut into 4 equal slices"):
        sliced(batch, 4)
