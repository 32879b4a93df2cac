"""A run of networks that grow, phase by phase."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from helpers.games import SHORT, begin
from torch import Tensor, nn

from ganpipe.training.loop import total_steps, train_step
from ganpipe.training.state import State, load_state_dict, state_dict

LONG = SHORT.model_copy(update={"epochs": 10})  # 60 steps, the first 30 of which grow: 5 a phase
PHASES = {  # step: the level that is used, and its share
    4: (0, 1.0),
    7: (1, 0.4),
    12: (1, 1.0),
    19: (2, 0.8),
    24: (2, 1.0),
    26: (3, 0.2),
    40: (3, 1.0),
}


def players(state: State) -> dict[str, Any]:
    return dict(state.method.players.items())


def weights(network: nn.Module) -> dict[str, Tensor]:
    return {name: weight.detach().clone() for name, weight in network.named_parameters()}


def level_of(name: str) -> int:
    """The level that a weight belongs to; 0 for what all levels use."""
    parts = name.split(".")
    return int(parts[1]) if parts[0] in ("levels", "to_image", "from_image") else 0


def test_a_run_trains_the_levels_in_use_and_no_others() -> None:
    state, batches = begin("progan", config=LONG)
    assert total_steps(state, batches, LONG) == 60
    first_steps = []
    for step in range(60):
        before = {side: weights(network) for side, network in players(state).items()}
        levels = [network.growth.moment().level for network in players(state).values()]
        parts = train_step(state, batches, LONG)
        assert all(value.isfinite() for value in parts.values())
        for side, network in players(state).items():
            level, share = network.growth.moment()
            if step in PHASES:
                assert (level, share) == (PHASES[step][0], pytest.approx(PHASES[step][1]))
            ends = {level, level - 1} if share < 1 else {level}
            moved = {n for n, w in network.named_parameters() if not w.equal(before[side][n])}
            in_use = {
                name
                for name in before[side]
                if level_of(name) in ends or (level_of(name) < level and "image" not in name)
            }
            assert moved == in_use
        now = players(state)["generator"].growth.moment().level
        if now > min(levels):
            first_steps.append(step)
        since = step - max(first_steps, default=0) + 1
        for optimizer in state.optimizers.values():
            assert {int(each["step"]) for each in optimizer.state.values()} <= {
                *range(1, since + 1)
            }
        average = state.averages[""].network
        assert average.growth.moment() == players(state)["generator"].growth.moment()
    assert first_steps == [6, 16, 26]  # position 0 at the first step of a fade


@pytest.mark.parametrize("stop", [6, 8, 15])
def test_a_run_goes_on_from_any_phase_bit_for_bit(stop: int) -> None:
    whole, batches = begin("progan", config=LONG)
    for _ in range(stop):
        train_step(whole, batches, LONG)
    saved = copy.deepcopy(state_dict(whole))
    resumed, _ = begin("progan", config=LONG, seed=1)
    load_state_dict(resumed, saved)
    for state in (whole, resumed):
        for _ in range(4):
            train_step(state, batches, LONG)
    first, second = whole.method.state_dict(), resumed.method.state_dict()
    assert all(value.equal(second[name]) for name, value in first.items())
    average, other = (each.averages[""].state_dict() for each in (whole, resumed))
    assert all(value.equal(other[name]) for name, value in average.items())
