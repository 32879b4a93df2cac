"""How a method composes losses, penalties and stabilisers."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from helpers.support import first_moment, small_model, spec_of
from torch import Tensor, nn

from ganpipe.core.schema import validate
from ganpipe.data.loading.batches import Batch
from ganpipe.methods.adversarial import Adversary
from ganpipe.methods.build import build_method
from ganpipe.methods.config import ModelConfig
from ganpipe.methods.method import Moment
from ganpipe.objectives.losses import LOSSES
from ganpipe.objectives.penalties import PENALTIES
from ganpipe.training.loop import frozen

START = Moment(step=0, update=0, progress=0.0)
REAL = torch.rand((8, 1, 32, 32), generator=torch.Generator().manual_seed(1)) * 2 - 1
BATCH = Batch(REAL)


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def changed(name: str, **objective: Any) -> ModelConfig:
    content = small_model(name).model_dump(mode="json")
    content["objective"] |= objective
    return validate(ModelConfig, content, name)


def method_of(name: str, **objective: Any) -> Adversary:
    method = build_method(changed(name, **objective), spec_of(), seed=0).train()
    assert isinstance(method, Adversary)
    return method


def logits(method: Adversary, images: Tensor) -> Tensor:
    return method.discriminator(images)


@pytest.mark.parametrize("loss", LOSSES)
def test_the_losses_meet_the_logits_of_their_side(loss: str) -> None:
    method = method_of("toy_mlp", loss=loss, weight_clip=1.0)
    fakes = method.generate(BATCH, rng())
    on_real, on_fake = logits(method, REAL), logits(method, fakes["fake"])
    d_loss = method.d_loss(BATCH, fakes, rng(), START).total
    assert torch.allclose(d_loss, LOSSES[loss].discriminator(on_real, on_fake), atol=1e-6)
    g_loss = method.g_loss(BATCH, fakes, rng(), START).total
    assert torch.allclose(g_loss, LOSSES[loss].generator(on_real, on_fake), atol=1e-6)


def test_every_loss_plays_with_every_network_and_penalty() -> None:
    for name in ("wgan_gp", "toy_mlp"):
        for loss in LOSSES:
            method = method_of(name, loss=loss, penalties=dict.fromkeys(PENALTIES, 1.0))
            fakes = method.generate(BATCH, rng())
            method.d_loss(BATCH, fakes, rng(), START).total.backward()
            slopes = [p.grad for p in method.d_nets.parameters()]
            assert all(slope is not None and slope.isfinite().all() for slope in slopes)


def test_penalties_add_up_with_their_weights() -> None:
    weights = {"r1": 3.0, "r2": 0.5}
    method, plain = method_of("toy_mlp", penalties=weights), method_of("toy_mlp")
    fakes = method.generate(BATCH, rng())
    images = REAL, fakes["fake"].detach()
    expected = sum(
        weight * PENALTIES[name](method.discriminator, *images, rng())
        for name, weight in weights.items()
    )
    with_penalties = method.d_loss(BATCH, fakes, rng(), START)
    without = plain.d_loss(BATCH, fakes, rng(), START)
    assert torch.allclose(with_penalties.total - without.total, torch.as_tensor(expected))
    assert torch.equal(with_penalties.parts["d_loss"], with_penalties.total.detach())


def test_lazy_penalties_keep_their_mean_weight() -> None:
    eager = method_of("toy_mlp", penalties={"r1": 2.0})
    lazy = method_of("toy_mlp", penalties={"r1": 2.0}, penalty_every=4)
    fakes = eager.generate(BATCH, rng())
    moments = [Moment(step=0, update=update, progress=0.0) for update in range(8)]
    all_of = [eager.d_loss(BATCH, fakes, rng(), m).parts["penalty"].item() for m in moments]
    some = [lazy.d_loss(BATCH, fakes, rng(), m).parts["penalty"].item() for m in moments]
    assert [value > 0 for value in some] == [True, False, False, False] * 2
    assert sum(some) == pytest.approx(sum(all_of))


@pytest.mark.parametrize("name", ["wgan_gp", "dragan", "unrolled"])
def test_second_derivatives_are_taken_in_full_precision(name: str) -> None:
    """bf16 has 8 bits of mantissa; a penalty or unroll in it would be off by a hundredth."""
    objective = {"penalties": {"r1": 1.0}} if name != "unrolled" else {}
    method = method_of(name, **objective)
    fakes = {"fake": REAL.flip(0).clone()}

    def value() -> Tensor:
        if name == "unrolled":
            return method.g_loss(BATCH, fakes, rng(), first_moment(method)).total
        return method.d_loss(BATCH, fakes, rng(), START).parts["penalty"]

    exact = value()
    with torch.autocast("cpu", torch.bfloat16):
        mixed = value()
    assert torch.equal(exact, mixed)


@pytest.mark.parametrize("name", ["wgan_gp", "dragan", "unrolled", "dcgan_sn"])
def test_channels_last_changes_nothing(name: str) -> None:
    results = []
    for layout in (torch.contiguous_format, torch.channels_last):
        method = method_of(name).to(memory_format=layout)  # type: ignore[call-overload]
        batch = Batch(REAL.contiguous(memory_format=layout))
        fakes = method.generate(batch, rng())
        method.d_loss(batch, fakes, rng(), START).total.backward()
        with frozen(method.d_nets):
            method.g_loss(batch, fakes, rng(), first_moment(method)).total.backward()
        results.append([p.grad for p in method.parameters() if p.grad is not None])
    for first, second in zip(*results, strict=True):
        assert torch.allclose(first, second, atol=1e-5)


def test_clipping_holds_every_discriminator_weight_and_no_other() -> None:
    method = method_of("wgan")
    for weight in method.parameters():
        nn.init.normal_(weight)
    before = copy.deepcopy(method.g_nets.state_dict())
    method.after_d_step()
    bounds = [weight.abs().max().item() for weight in method.d_nets.parameters()]
    assert max(bounds) == pytest.approx(0.01)
    assert all(torch.equal(v, before[k]) for k, v in method.g_nets.state_dict().items())


def test_labels_reach_the_loss() -> None:
    plain, smooth = method_of("toy_mlp"), method_of("toy_mlp", real_label=0.9, fake_label=0.2)
    fakes = plain.generate(BATCH, rng())
    on_real, on_fake = logits(plain, REAL), logits(plain, fakes["fake"])
    cross_entropy = nn.functional.binary_cross_entropy_with_logits
    expected = cross_entropy(on_real, torch.full((8,), 0.9)) + cross_entropy(
        on_fake, torch.full((8,), 0.2)
    )
    assert torch.allclose(smooth.d_loss(BATCH, fakes, rng(), START).total, expected, atol=1e-6)
    same = (m.g_loss(BATCH, fakes, rng(), START).total for m in (plain, smooth))
    assert torch.equal(*same)  # one side's labels: the generator's stay 1


def seen_by(method: Adversary, moment: Moment) -> tuple[list[Tensor], Tensor]:
    """What the discriminator is shown in a discriminator update and in a generator update."""
    shown: list[Tensor] = []
    hook = method.discriminator.register_forward_pre_hook(lambda _, x: shown.append(x[0].detach()))
    fakes = {"fake": -REAL}
    method.d_loss(BATCH, fakes, rng(), moment)
    method.g_loss(BATCH, fakes, rng(), moment)
    hook.remove()
    *updates, last = shown
    return list(torch.cat(updates).split(len(REAL))), last


def test_instance_noise_is_added_on_all_ways_and_fades() -> None:
    method = method_of("toy_mlp", instance_noise=0.4)
    for progress, deviation in ((0.0, 0.4), (0.75, 0.1)):
        (real, fake), in_g_step = seen_by(method, Moment(0, 0, progress))
        for shown, clean in ((real, REAL), (fake, -REAL), (in_g_step, -REAL)):
            assert (shown - clean).std().item() == pytest.approx(deviation, rel=0.05)


@pytest.mark.parametrize(
    "objective",
    [
        {"loss": "relativistic"},
        {"feature_matching": True},
        {"loss": "minimax", "unrolled_steps": 1},
    ],
)
def test_real_images_in_a_generator_update_are_seen_as_ever(objective: dict[str, Any]) -> None:
    method = method_of("toy_mlp", instance_noise=0.4, **objective)
    shown: list[Tensor] = []
    first = next(m for m in method.discriminator.modules() if isinstance(m, nn.Linear))
    first.register_forward_pre_hook(lambda _, x: shown.append(x[0].detach()))
    method.g_loss(BATCH, {"fake": -REAL}, rng(), first_moment(method))
    seen = torch.cat(shown).view(-1, *REAL.shape)
    for clean in (REAL, -REAL):
        assert any((x - clean).std().item() == pytest.approx(0.4, rel=0.05) for x in seen)
    assert not any(torch.equal(x, clean) for x in seen for clean in (REAL, -REAL))


def test_penalties_stand_at_what_the_discriminator_sees(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Tensor] = []

    def spy(critic: object, real: Tensor, fake: Tensor, rng: torch.Generator) -> Tensor:
        seen.extend((real, fake))
        return real.sum() * 0

    monkeypatch.setitem(PENALTIES, "r1", spy)
    method = method_of("toy_mlp", instance_noise=0.4, penalties={"r1": 1.0})
    method.d_loss(BATCH, {"fake": -REAL}, rng(), START)
    for images, clean in zip(seen, (REAL, -REAL), strict=True):
        assert (images - clean).std().item() == pytest.approx(0.4, rel=0.05)


def test_diffaugment_is_applied_on_all_ways() -> None:
    method = method_of("dcgan_diffaugment", augment=["cutout"])
    (real, fake), in_g_step = seen_by(method, START)
    for shown, clean in ((real, REAL), (fake, -REAL), (in_g_step, -REAL)):
        assert ((shown == clean) | (shown == 0)).all()
        assert 0.05 < (shown == 0).float().mean() < 0.4


def test_feature_matching_sees_the_means_of_hidden_features() -> None:
    method = method_of("feature_matching")
    fakes = method.generate(BATCH, rng())
    features = [method.discriminator.features(x).flatten(1) for x in (REAL, fakes["fake"])]
    expected = sum(
        (a - b) ** 2 for a, b in zip(features[0].mean(0), features[1].mean(0), strict=True)
    )
    assert torch.allclose(method.g_loss(BATCH, fakes, rng(), START).total, expected, rtol=1e-4)


LABELS = [{}, {"real_label": 0.9}, {"real_label": 0.8, "fake_label": 0.1}]


@pytest.mark.parametrize("labels", LABELS)
def test_the_unrolled_generator_plays_against_the_updated_discriminator(
    labels: dict[str, float],
) -> None:
    """Which was told smoothed labels; the generator's own loss knows none."""
    method = method_of("unrolled", unrolled_steps=3, **labels)
    fakes = method.generate(BATCH, rng())
    ahead = copy.deepcopy(method)
    optimizer = torch.optim.SGD(ahead.d_nets.parameters(), lr=0.05)
    for _ in range(3):
        optimizer.zero_grad()
        ahead.d_loss(BATCH, fakes, rng(), START).total.backward()
        optimizer.step()
    with frozen(method.d_nets):
        value = method.g_loss(BATCH, fakes, rng(), first_moment(method, lr=0.05)).total
    after, before = (
        -LOSSES["minimax"].discriminator(logits(m, REAL), logits(m, fakes["fake"]))
        for m in (ahead, method)
    )
    assert torch.allclose(value, after, atol=1e-6)
    assert not torch.allclose(value, before, atol=1e-5)
    value.backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in method.g_nets.parameters())


@pytest.mark.parametrize("labels", [*LABELS, {"label_flip": 0.4}])
def test_unrolling_by_no_step_at_all_is_the_plain_game(labels: dict[str, float]) -> None:
    """The slope of the generator, by minimax, against the limit of ever shorter steps."""
    method = method_of("unrolled", unrolled_steps=1, **labels)
    plain = method_of("unrolled", unrolled_steps=0, **labels)
    slopes = []
    for game in (method, plain):
        fakes = game.generate(BATCH, rng())
        game.g_loss(BATCH, fakes, rng(), first_moment(game, lr=1e-9)).total.backward()
        slopes.append([p.grad for p in game.g_nets.parameters()])
    for first, second in zip(*slopes, strict=True):
        assert torch.allclose(first, second, atol=1e-6)


@pytest.mark.parametrize("name", ["wgan_gp", "dragan", "unrolled", "dcgan_sn", "dcgan_diffaugment"])
def test_deterministic_algorithms_know_all_that_is_done(name: str) -> None:
    torch.use_deterministic_algorithms(True)
    try:
        method = method_of(name)
        fakes = method.generate(BATCH, rng())
        method.d_loss(BATCH, fakes, rng(), START).total.backward()
        method.g_loss(BATCH, fakes, rng(), first_moment(method)).total.backward()
    finally:
        torch.use_deterministic_algorithms(False)
