"""How a method composes losses, penalties and stabilisers."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from helpers.games import context, d_loss, g_loss, generated, rng
from helpers.objectives import LOSSES, PENALTIES
from helpers.support import small_model, spec_of
from torch import Tensor, nn

from ganpipe.core.schema import validate
from ganpipe.data.loading.batches import Batch
from ganpipe.methods.adversarial import Adversarial
from ganpipe.methods.build import build_method
from ganpipe.methods.config import ModelConfig
from ganpipe.methods.method import Loss
from ganpipe.training.loop import frozen

REAL = torch.rand((8, 1, 32, 32), generator=torch.Generator().manual_seed(1)) * 2 - 1
BATCH = Batch(REAL)


def changed(name: str, **objective: Any) -> ModelConfig:
    content = small_model(name).model_dump(mode="json")
    content["objective"] |= objective
    return validate(ModelConfig, content, name)


def method_of(name: str, **objective: Any) -> Adversarial:
    method = build_method(changed(name, **objective), spec_of(), seed=0).train()
    assert isinstance(method, Adversarial)
    return method


def logits(method: Adversarial, images: Tensor) -> Tensor:
    return method.discriminator(images)


@pytest.mark.parametrize("loss", LOSSES)
def test_the_losses_meet_the_logits_of_their_side(loss: str) -> None:
    method = method_of("toy_mlp", loss=loss, weight_clip=1.0)
    fake = generated(method, BATCH)
    on_real, on_fake = logits(method, REAL), logits(method, fake)
    of_d = d_loss(method, BATCH, fake).total
    assert torch.allclose(of_d, LOSSES[loss].discriminator(on_real, on_fake), atol=1e-6)
    of_g = g_loss(method, BATCH, fake).total
    assert torch.allclose(of_g, LOSSES[loss].generator(on_real, on_fake), atol=1e-6)


def test_every_loss_plays_with_every_network_and_penalty() -> None:
    for name in ("wgan_gp", "toy_mlp"):
        for loss in LOSSES:
            method = method_of(name, loss=loss, penalties=dict.fromkeys(PENALTIES, 1.0))
            fake = generated(method, BATCH)
            d_loss(method, BATCH, fake).total.backward()
            gradients = [p.grad for p in method.discriminator.parameters()]
            assert all(each is not None and each.isfinite().all() for each in gradients)


def test_penalties_add_up_with_their_weights() -> None:
    weights = {"r1": 3.0, "r2": 0.5}
    method, plain = method_of("toy_mlp", penalties=weights), method_of("toy_mlp")
    fake = generated(method, BATCH)
    images = REAL, fake.detach()
    expected = sum(
        weight * PENALTIES[name](method.discriminator, *images, rng())
        for name, weight in weights.items()
    )
    with_penalties = d_loss(method, BATCH, fake)
    without = d_loss(plain, BATCH, fake)
    assert torch.allclose(with_penalties.total - without.total, torch.as_tensor(expected))
    assert torch.equal(with_penalties.parts["d_loss"], with_penalties.total.detach())


def test_lazy_penalties_keep_their_mean_weight() -> None:
    eager = method_of("toy_mlp", penalties={"r1": 2.0})
    lazy = method_of("toy_mlp", penalties={"r1": 2.0}, penalty_every=4)
    fake = generated(eager, BATCH)
    all_of, some = (
        [d_loss(m, BATCH, fake, update=update).parts.get("penalty") for update in range(8)]
        for m in (eager, lazy)
    )
    applied = [value for value in some if value is not None]
    assert [value is not None for value in some] == [True, False, False, False] * 2
    assert float(sum(applied)) == pytest.approx(float(sum(all_of)))


@pytest.mark.parametrize("name", ["wgan_gp", "dragan", "unrolled"])
def test_second_derivatives_are_taken_in_full_precision(name: str) -> None:
    """bf16 has 8 bits of mantissa; a penalty or unroll in it would be off by a hundredth."""
    objective = {"penalties": {"r1": 1.0}} if name != "unrolled" else {}
    method = method_of(name, **objective)
    fake = REAL.flip(0).clone()

    def value() -> Tensor:
        if name == "unrolled":
            return g_loss(method, BATCH, fake).total
        return d_loss(method, BATCH, fake).parts["penalty"]

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
        fake = generated(method, batch)
        d_loss(method, batch, fake).total.backward()
        with frozen(method.players, besides={"generator"}):
            g_loss(method, batch, fake).total.backward()
        results.append([p.grad for p in method.parameters() if p.grad is not None])
    for first, second in zip(*results, strict=True):
        assert torch.allclose(first, second, atol=1e-5)


def test_clipping_holds_every_discriminator_weight_and_no_other() -> None:
    method = method_of("wgan")
    for weight in method.parameters():
        nn.init.normal_(weight)
    before = copy.deepcopy(method.players["generator"].state_dict())
    d_turn, _ = method.turns(step=0)[-2:]
    assert d_turn.after is not None
    d_turn.after(context(method, BATCH), Loss(torch.zeros(()), {}))
    bounds = [weight.abs().max().item() for weight in method.discriminator.parameters()]
    assert max(bounds) == pytest.approx(0.01)
    assert all(
        torch.equal(v, before[k]) for k, v in method.players["generator"].state_dict().items()
    )


def test_labels_reach_the_loss() -> None:
    plain, smooth = method_of("toy_mlp"), method_of("toy_mlp", real_label=0.9, fake_label=0.2)
    fake = generated(plain, BATCH)
    on_real, on_fake = logits(plain, REAL), logits(plain, fake)
    cross_entropy = nn.functional.binary_cross_entropy_with_logits
    expected = cross_entropy(on_real, torch.full((8,), 0.9)) + cross_entropy(
        on_fake, torch.full((8,), 0.2)
    )
    assert torch.allclose(d_loss(smooth, BATCH, fake).total, expected, atol=1e-6)
    same = (g_loss(m, BATCH, fake).total for m in (plain, smooth))
    assert torch.equal(*same)  # one side's labels: the generator's stay 1


def seen_by(method: Adversarial, progress: float = 0.0) -> tuple[list[Tensor], Tensor]:
    """What the discriminator is shown in a discriminator update and in a generator update."""
    shown: list[Tensor] = []
    hook = method.discriminator.register_forward_pre_hook(lambda _, x: shown.append(x[0].detach()))
    d_loss(method, BATCH, -REAL, progress=progress)
    g_loss(method, BATCH, -REAL, progress=progress)
    hook.remove()
    *updates, last = shown
    return list(torch.cat(updates).split(len(REAL))), last


def test_instance_noise_is_added_on_all_ways_and_fades() -> None:
    method = method_of("toy_mlp", instance_noise=0.4)
    for progress, deviation in ((0.0, 0.4), (0.75, 0.1)):
        (real, fake), in_g_step = seen_by(method, progress)
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
    g_loss(method, BATCH, -REAL)
    seen = torch.cat(shown).view(-1, *REAL.shape)
    for clean in (REAL, -REAL):
        assert any((x - clean).std().item() == pytest.approx(0.4, rel=0.05) for x in seen)
    assert not any(torch.equal(x, clean) for x in seen for clean in (REAL, -REAL))


def test_penalties_stand_at_what_the_discriminator_sees(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Tensor] = []

    def spy(critic: object, real: Tensor, fake: Tensor, rng: torch.Generator) -> Tensor:
        seen.extend((real, fake))
        return real.sum() * 0

    monkeypatch.setattr("ganpipe.objectives.penalties.r1.penalty", spy)
    method = method_of("toy_mlp", instance_noise=0.4, penalties={"r1": 1.0})
    d_loss(method, BATCH, -REAL)
    for images, clean in zip(seen, (REAL, -REAL), strict=True):
        assert (images - clean).std().item() == pytest.approx(0.4, rel=0.05)


def test_diffaugment_is_applied_on_all_ways() -> None:
    method = method_of("dcgan_diffaugment", augment=["cutout"])
    (real, fake), in_g_step = seen_by(method)
    for shown, clean in ((real, REAL), (fake, -REAL), (in_g_step, -REAL)):
        assert ((shown == clean) | (shown == 0)).all()
        assert 0.05 < (shown == 0).float().mean() < 0.4


def test_feature_matching_sees_the_means_of_hidden_features() -> None:
    method = method_of("feature_matching")
    fake = generated(method, BATCH)
    features = [method.discriminator.features(x).flatten(1) for x in (REAL, fake)]
    expected = sum(
        (a - b) ** 2 for a, b in zip(features[0].mean(0), features[1].mean(0), strict=True)
    )
    assert torch.allclose(g_loss(method, BATCH, fake).total, expected, rtol=1e-4)


LABELS = [{}, {"real_label": 0.9}, {"real_label": 0.8, "fake_label": 0.1}]


@pytest.mark.parametrize("labels", LABELS)
def test_the_unrolled_generator_plays_against_the_updated_discriminator(
    labels: dict[str, float],
) -> None:
    """Which was told smoothed labels; the generator's own loss knows none."""
    method = method_of("unrolled", unrolled_steps=3, **labels)
    fake = generated(method, BATCH)
    ahead = copy.deepcopy(method)
    optimizer = torch.optim.SGD(ahead.discriminator.parameters(), lr=0.05)
    for _ in range(3):
        optimizer.zero_grad()
        d_loss(ahead, BATCH, fake).total.backward()
        optimizer.step()
    with frozen(method.players, besides={"generator"}):
        value = g_loss(method, BATCH, fake, lr=0.05).total
    after, before = (
        -LOSSES["minimax"].discriminator(logits(m, REAL), logits(m, fake)) for m in (ahead, method)
    )
    assert torch.allclose(value, after, atol=1e-6)
    assert not torch.allclose(value, before, atol=1e-5)
    value.backward()
    assert all(
        p.grad is not None and p.grad.abs().sum() > 0
        for p in method.players["generator"].parameters()
    )


@pytest.mark.parametrize("labels", [*LABELS, {"label_flip": 0.4}])
def test_unrolling_by_no_step_at_all_is_the_plain_game(labels: dict[str, float]) -> None:
    """The generator's gradient, by minimax, against the limit of ever shorter steps."""
    method = method_of("unrolled", unrolled_steps=1, **labels)
    plain = method_of("unrolled", unrolled_steps=0, **labels)
    gradients = []
    for game in (method, plain):
        fake = generated(game, BATCH)
        g_loss(game, BATCH, fake, lr=1e-9).total.backward()
        gradients.append([p.grad for p in game.players["generator"].parameters()])
    for first, second in zip(*gradients, strict=True):
        assert torch.allclose(first, second, atol=1e-6)


@pytest.mark.parametrize("name", ["wgan_gp", "dragan", "unrolled", "dcgan_sn", "dcgan_diffaugment"])
def test_deterministic_algorithms_know_all_that_is_done(name: str) -> None:
    torch.use_deterministic_algorithms(True)
    try:
        method = method_of(name)
        fake = generated(method, BATCH)
        d_loss(method, BATCH, fake).total.backward()
        g_loss(method, BATCH, fake).total.backward()
    finally:
        torch.use_deterministic_algorithms(False)
