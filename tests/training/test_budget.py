"""The advice of a run whose budget is too small."""

from __future__ import annotations

from typing import Any

import pytest
from helpers.games import begin, configured
from helpers.support import SHIPPED, TRANSLATORS

from ganpipe.core.errors import GanpipeError
from ganpipe.methods.method import Method
from ganpipe.training.budget import LEAST_STEPS, check_budget

EVERYWHERE = ["set train.epochs to E at the very least", "lower train.batch_size"]
RELATIVISTIC = {"loss": "relativistic"}


def advice(method: Method) -> list[str]:
    """Advice in the refusal of a budget of 2 batches, with E for the epochs."""
    with pytest.raises(GanpipeError) as caught:
        check_budget(method, epochs=1, per_epoch=2, total=LEAST_STEPS - 1, model_name="m")
    said = str(caught.value).partition("too few to learn anything; ")[2]
    enough = -(-method.batches_before(LEAST_STEPS) // 2)
    return said.replace(f"to {enough} at", "to E at").replace(", or ", ", ").split(", ")


@pytest.mark.parametrize(
    ("blocks", "more"),
    [
        ({}, []),
        ({"schedule": {"new_images": True, "generator_batch": 2}}, []),
        ({"objective": RELATIVISTIC}, []),
        ({"schedule": {"n_critic": 2}}, ["lower the model's schedule.n_critic"]),
        (
            {"schedule": {"n_critic": 2, "critic_warmup": True}},
            ["set the model's schedule.critic_warmup to false"],
        ),
        (
            {"objective": RELATIVISTIC, "schedule": {"new_images": True}},
            ["set the model's schedule.new_images to false"],
        ),
        (
            {"objective": RELATIVISTIC, "schedule": {"new_images": True, "n_critic": 2}},
            ["lower the model's schedule.n_critic", "set the model's schedule.new_images to false"],
        ),
    ],
)
def test_the_fields_that_take_batches_are_named_and_no_others(
    blocks: dict[str, Any], more: list[str]
) -> None:
    method = begin(configured(**blocks))[0].method
    assert advice(method) == [*EVERYWHERE, *more]
    per_step = method.batches_before(1)
    assert bool(more) == (per_step > 1)


@pytest.mark.parametrize("name", SHIPPED.models)
def test_a_shipped_block_is_advised_where_a_step_takes_several_batches(name: str) -> None:
    method = begin(name)[0].method
    assert (len(advice(method)) > len(EVERYWHERE)) == (method.batches_before(1) > 1)
    if name in TRANSLATORS:
        assert advice(method) == EVERYWHERE
