"""How often each side moves, and that the closed form counts what the turns do."""

from __future__ import annotations

import pytest
from helpers.games import set_schedule
from helpers.support import ADVERSARIAL, SHIPPED, small_model, spec_of
from hypothesis import given, settings
from hypothesis import strategies as st

from ganpipe.core.schema import validate
from ganpipe.methods.build import build_method
from ganpipe.methods.config import ModelConfig
from ganpipe.methods.method import Method
from ganpipe.methods.schedule import updates_before, updates_in


def with_shipped_schedule(name: str) -> Method:
    """The shipped block with small networks, its schedule as it is."""
    small = small_model(name).model_dump(mode="json")
    small["schedule"] = SHIPPED.models[name].schedule.model_dump(mode="json")
    return build_method(validate(ModelConfig, small, name), spec_of(), seed=0)


@pytest.mark.parametrize("name", ADVERSARIAL)
def test_batches_before_counts_the_turns_that_take_a_batch(name: str) -> None:
    method = with_shipped_schedule(name)
    taken = 0
    for step in range(1101):
        assert method.batches_before(step) == taken
        turns = [turn for turn in method.turns(step) if step % turn.every == 0]
        assert turns[0].new_batch
        assert {turn.player for turn in turns} <= method.players.keys()
        taken += sum(turn.new_batch for turn in turns)
    if name == "wgan":  # the one that warms up: 25 steps, 500 and 1000
        assert taken == 27 * 100 + 1074 * 5


def test_the_warm_up_is_that_of_the_authors_program() -> None:
    method = build_method(small_model("toy_mlp"), spec_of(), 0)
    set_schedule(method, n_critic=5, critic_warmup=True)
    updates = 0
    for step in range(2100):
        assert method.batches_before(step) == updates
        updates += 100 if step < 25 or step % 500 == 0 else 5


@settings(deadline=None)
@given(step=st.integers(0, 10**6), n_critic=st.integers(1, 100), warmup=st.booleans())
def test_updates_in_a_step_are_the_difference_of_those_before(
    step: int, n_critic: int, warmup: bool
) -> None:
    late = warmup and (step < 25 or step % 500 == 0)
    assert updates_in(step, n_critic, warmup) == (100 if late else n_critic)
    before, after = (updates_before(k, n_critic, warmup) for k in (step, step + 1))
    assert after - before == updates_in(step, n_critic, warmup)
