"""Which turns a step has, on which images they are played, and what follows them."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

import pytest
import torch
import torch.nn.functional as F
from helpers.games import configured, context, game, rng
from helpers.support import spec_of
from torch import Tensor, nn

from ganpipe.core.errors import GanpipeError
from ganpipe.data.loading.batches import Batch
from ganpipe.methods.adversarial import Adversarial
from ganpipe.methods.path_length import PathLength
from ganpipe.networks.network import Network
from ganpipe.objectives.config import ObjectiveConfig

BATCH = Batch(torch.rand(6, 1, 32, 32, generator=rng(1)) * 2 - 1, torch.tensor([0, 1, 1, 0, 0, 1]))


def played(method: Adversarial) -> list[tuple[str, str, bool, int]]:
    return [(turn.player, turn.purpose, turn.new_batch, turn.every) for turn in method.turns(7)]


def test_the_published_orders_of_play() -> None:
    d, g = ("discriminator", "d_loss", True, 1), ("generator", "g_loss", False, 1)
    assert played(game()) == [d, g]
    assert played(game(schedule={"n_critic": 5, "new_images": True})) == [d] * 5 + [g]
    relativistic = game(
        objective={"loss": "relativistic", "penalties": {"r1": 1.0, "r2": 1.0}},
        schedule={"new_images": True},
    )
    assert played(relativistic) == [d, ("generator", "g_loss", True, 1)]
    lazy = game(objective={"penalties": {"r1": 1.0}, "penalty_every": 16, "penalty_turn": "own"})
    assert played(lazy) == [d, ("discriminator", "penalty", False, 16), g]


@pytest.mark.parametrize("new_images", [False, True])
def test_batches_are_counted_as_the_turns_take_them(new_images: bool) -> None:
    method = game(
        objective={"loss": "relativistic"}, schedule={"n_critic": 2, "new_images": new_images}
    )
    taken = 0
    for step in range(5):
        assert method.batches_before(step) == taken
        taken += sum(turn.new_batch for turn in method.turns(step))
    assert taken == 5 * (3 if new_images else 2)


def test_new_images_are_not_those_of_the_discriminator() -> None:
    method = game("cgan", schedule={"new_images": True, "generator_batch": 2})
    seen: list[Tensor] = []
    labels: list[Tensor] = []

    def note(_: nn.Module, given: tuple[Tensor, Tensor]) -> None:
        seen.append(given[0].detach())
        labels.append(given[1])

    method.discriminator.register_forward_pre_hook(note)
    now = context(method, BATCH)
    streams = {"latent": 1, "new latent": 2}
    now.stream = lambda purpose: rng(streams[purpose])
    method.d_loss(now)
    method.g_loss(now)
    of_d, of_g = now.shared["fake"], seen[-1]
    assert len(of_g) == 2 * len(of_d) == 12
    assert not of_g[:6].equal(of_d)
    assert labels[-1].tolist() == 2 * [0, 1, 1, 0, 0, 1]


@pytest.mark.parametrize("stddev", [False, True])
@pytest.mark.parametrize("loss", ["minimax", "non_saturating"])
def test_a_look_ahead_takes_more_generated_images_than_real_ones(loss: str, stddev: bool) -> None:
    """In one pass over both kinds, and in two where the discriminator mixes samples."""
    method = game(
        discriminator={"minibatch_stddev": stddev},
        objective={"loss": loss, "unrolled_steps": 1},
        schedule={"new_images": True, "generator_batch": 3},
    )
    now = context(method, BATCH, lr=0.5)
    total = method.g_loss(now).total
    optimizer = now.optimizers["discriminator"]
    optimizer.zero_grad()
    fake = method.generate(context(method, BATCH), times=3)
    assert len(fake) == 3 * len(BATCH.real)
    of = method.loss.discriminator
    of(method.discriminator(BATCH.real), method.discriminator(fake.detach())).backward()
    optimizer.step()
    on_real, on_fake = method.discriminator(BATCH.real), method.discriminator(fake)
    expected = -of(on_real, on_fake) if loss == "minimax" else F.softplus(-on_fake).mean()
    assert torch.allclose(total, expected, atol=1e-6)


@pytest.mark.parametrize("on_generated", [False, True])
def test_the_classes_weigh_as_the_objective_says(on_generated: bool) -> None:
    weights = {"discriminator": 0.7, "generator": 0.3, "on_generated": on_generated}
    blocks = {
        "discriminator": {"conditioning": "auxiliary", "norm": "none"},
        "objective": {"auxiliary": weights},
    }
    method = game("cgan", **blocks)
    now = context(method, BATCH)
    d_loss = method.d_loss(now)
    fake = now.shared["fake"]
    judge: Any = method.discriminator
    (real_logits, real_classes), (fake_logits, fake_classes) = map(judge.judge, (BATCH.real, fake))
    of_real, of_fake = (F.cross_entropy(c, BATCH.label) for c in (real_classes, fake_classes))
    classes = of_real + of_fake * on_generated
    expected = F.softplus(-real_logits).mean() + F.softplus(fake_logits).mean() + 0.7 * classes
    assert torch.allclose(d_loss.total, expected, atol=1e-6)
    g_loss = method.g_loss(now)
    assert torch.allclose(g_loss.total, F.softplus(-fake_logits).mean() + 0.3 * of_fake, atol=1e-6)
    assert {"d_class", "g_class"} <= set(method.logged)


def test_orthogonality_weighs_on_the_generator() -> None:
    plain, bound = game(), game(objective={"orthogonal": 0.5})
    losses = []
    for method in (plain, bound):
        now = context(method, BATCH)
        method.d_loss(now)
        losses.append(method.g_loss(now).total)
    expected = 0.0
    for weight in plain.generator.parameters():
        if weight.dim() > 1:
            product = (weight @ weight.T).detach()
            expected += float((product - product.diag().diag()).square().sum()) / 2
    assert float((losses[1] - losses[0]).detach()) == pytest.approx(0.5 * expected, rel=1e-3)


class Growing(Network):
    """A network that begins a level at every tenth of a run."""

    def __init__(self) -> None:
        super().__init__((1, 32, 32))
        self.level = 0
        self.weight = nn.Parameter(torch.ones(()))

    def grow(self, progress: float) -> bool:
        before, self.level = self.level, int(progress * 10)
        return self.level > before

    def fade(self, real: Tensor) -> Tensor:
        return real * 0.5

    def forward(self, images: Tensor) -> Tensor:
        return images.flatten(1).mean(1) * self.weight


def test_moments_begin_anew_where_a_network_grows() -> None:
    method = game()
    grows = Growing()
    method.players["discriminator"] = grows
    method.judge.network = grows
    now = context(method, BATCH, progress=0.05)
    optimizer = torch.optim.Adam(grows.parameters())
    now.optimizers = {"discriminator": optimizer}
    method.d_loss(now).total.backward()
    optimizer.step()
    method.d_loss(now)
    assert optimizer.state
    now.progress = 0.12
    d_real = method.d_loss(now).parts["d_real"]
    assert not optimizer.state
    half = (BATCH.real.flatten(1).mean(1) * 0.5 * grows.weight).sigmoid().mean()
    assert torch.isclose(d_real, half)


class Linear(Network):
    """Images that are 3 times the one style."""

    def __init__(self) -> None:
        super().__init__((1, 4, 4))

    def styles(self, z: Tensor) -> Tensor:
        return z[:, None].requires_grad_()

    def synthesise(self, styles: Tensor, noise: dict[str, Tensor]) -> Tensor:
        return 3 * styles.view(-1, 1, 4, 4)


def test_the_target_of_path_lengths_follows_their_mean() -> None:
    objective = ObjectiveConfig(loss="non_saturating", path_length=2.0, path_length_every=4)
    path = PathLength(objective)
    loss = path(Linear(), {"z": torch.randn(5, 16)}, rng(3))
    noise = torch.empty(5, 1, 4, 4).normal_(generator=rng(3)) / 4
    lengths = 3 * noise.flatten(1).norm(dim=1)  # the Jacobian is 3 times the identity
    assert torch.allclose(loss.parts["path_length"], lengths.mean())
    expected = 2.0 * 4 * (lengths - 0.01 * lengths.mean()).square().mean()
    assert torch.allclose(loss.total, expected)
    path.follow(None, loss)  # type: ignore[arg-type]
    assert torch.allclose(path.target, 0.01 * lengths.mean())


def test_an_augmentation_follows_the_discriminator_and_is_warned_about() -> None:
    ada = {"kind": "ada", "every": 1, "images": 60, "target": 0.0}
    with patch("ganpipe.methods.adversarial.warn_about") as warned:
        method = game(objective={"augmentation": ada})
    warned.assert_called_once_with(("flip", "turn", "rotation"), spec_of().name)
    d_turn = method.turns(0)[0]
    now = context(method, BATCH)
    loss = method.d_loss(now)
    assert d_turn.after is not None
    d_turn.after(now, loss)
    assert loss.parts["augment_p"] == 0
    moved = 0.1 * float(loss.parts["sign_real"].sign())
    assert float(method.d_loss(now).parts["augment_p"]) == pytest.approx(max(0.0, moved))
    assert "view.augmentation.p" in method.state_dict()
    assert {"sign_real", "augment_p"} <= set(method.logged)


WRONG = {
    "set new_images to true": {"schedule": {"generator_batch": 2}},
    "of which there must be as many": {
        "objective": {"loss": "relativistic"},
        "schedule": {"generator_batch": 2, "new_images": True},
    },
    "generator.arch mlp does not have": {"objective": {"path_length": 1.0}},
    "belong together": {"objective": {"auxiliary": {}}},
    "and there are none": {"objective": {"penalty_turn": "own"}},
}


@pytest.mark.parametrize("words", WRONG)
def test_what_does_not_fit_is_refused(words: str) -> None:
    with pytest.raises(GanpipeError, match=words):
        configured(**WRONG[words])
