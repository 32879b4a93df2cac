"""Losses against the papers' formulas, written with probabilities and loops over single images."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from helpers.objectives import LOSSES

from ganpipe.objectives import config
from ganpipe.objectives.labels import against_labels

REAL = torch.tensor([1.3, -0.4, 2.0, 0.1])
FAKE = torch.tensor([-0.7, 0.9, -2.5, 0.3])


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def log(x: float) -> float:
    return math.log(x)


Formula = Callable[[float, float], float]
# (real, fake) of one pair of images -> what the discriminator, and the generator, minimises.
FORMULAS: dict[str, tuple[Formula, Formula]] = {
    "non_saturating": (
        lambda r, f: -log(sigmoid(r)) - log(1 - sigmoid(f)),
        lambda r, f: -log(sigmoid(f)),
    ),
    "minimax": (
        lambda r, f: -log(sigmoid(r)) - log(1 - sigmoid(f)),
        lambda r, f: log(1 - sigmoid(f)),
    ),
    "least_squares": (
        lambda r, f: 0.5 * (r - 1) ** 2 + 0.5 * f**2,
        lambda r, f: 0.5 * (f - 1) ** 2,
    ),
    "wasserstein": (lambda r, f: f - r, lambda r, f: -f),
    "hinge": (lambda r, f: max(0.0, 1 - r) + max(0.0, 1 + f), lambda r, f: -f),
    "relativistic": (lambda r, f: -log(sigmoid(r - f)), lambda r, f: -log(sigmoid(f - r))),
}


def test_every_loss_has_its_formula_here() -> None:
    assert FORMULAS.keys() == LOSSES.keys()


@pytest.mark.parametrize("name", FORMULAS)
def test_a_loss_is_its_papers_formula(name: str) -> None:
    pairs = list(zip(REAL.tolist(), FAKE.tolist(), strict=True))
    for side, formula in zip(("discriminator", "generator"), FORMULAS[name], strict=True):
        expected = sum(formula(r, f) for r, f in pairs) / len(pairs)
        assert float(getattr(LOSSES[name], side)(REAL, FAKE)) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("name", LOSSES)
def test_the_sides_pull_logits_apart_and_together(name: str) -> None:
    start = torch.tensor([0.2, 0.9, 0.4])  # between the labels of least squares
    fake = start.clone().requires_grad_()
    LOSSES[name].generator(start, fake).backward()
    assert fake.grad is not None
    assert (fake.grad < 0).all()
    real, fake = start.clone().requires_grad_(), start.clone().requires_grad_()
    LOSSES[name].discriminator(real, fake).backward()
    assert real.grad is not None
    assert fake.grad is not None
    assert (real.grad < 0).all()
    assert (fake.grad > 0).all()


@pytest.mark.parametrize("name", LOSSES)
def test_flags_say_what_the_functions_do(name: str) -> None:
    loss = LOSSES[name]
    real = REAL.clone().requires_grad_()
    value = loss.generator(real, FAKE)
    assert loss.generator_sees_real is value.requires_grad
    # A zero-sum game: the generator's gradient is minus the discriminator's, image by image.
    fake = FAKE.clone().requires_grad_()
    gradients = [
        torch.autograd.grad(side(REAL, fake), fake)[0]
        for side in (loss.generator, loss.discriminator)
    ]
    assert loss.zero_sum is torch.allclose(gradients[0], -gradients[1])


@pytest.mark.parametrize("name", LOSSES)
def test_large_logits_stay_finite(name: str) -> None:
    big = torch.tensor([1e4, -1e4])
    for side in (LOSSES[name].discriminator, LOSSES[name].generator):
        assert torch.isfinite(side(big, -big))


@pytest.mark.parametrize("name", LOSSES)
def test_a_check_of_parameters_sees_what_a_loss_sets(name: str) -> None:
    assert config.has_labels(name) is (LOSSES[name].against is not None)
    assert config.pairs_images(name) is LOSSES[name].generator_sees_real
    assert config.sign_tells(name) is LOSSES[name].sign_tells


@pytest.mark.parametrize("name", LOSSES)
def test_the_sign_tells_where_doubt_lies_around_0(name: str) -> None:
    """Outputs that are best where real and generated images look alike are even about 0, and end
    somewhere: otherwise real images are above 0 (or below) whatever the discriminator knows."""
    outputs = torch.linspace(-3, 3, 61)
    losses = torch.stack([LOSSES[name].discriminator(each, each) for each in outputs[:, None]])
    best = losses <= losses.min() + 1e-6
    even_about_0 = torch.equal(best, best.flip(0)) and not bool(best[0])
    assert LOSSES[name].sign_tells is even_about_0


WITH_LABELS = [name for name, loss in LOSSES.items() if loss.against]


@pytest.mark.parametrize("name", WITH_LABELS)
def test_plain_labels_give_the_plain_loss(name: str) -> None:
    loss = LOSSES[name]
    assert loss.against is not None
    value = against_labels(
        loss.against, REAL, FAKE, labels=(1.0, 0.0), flip=0.0, rng=torch.Generator()
    )
    assert torch.allclose(value, loss.discriminator(REAL, FAKE))


@pytest.mark.parametrize(("real", "fake"), [(0.9, 0.0), (0.8, 0.1)])
def test_smoothed_labels_move_the_optimum_to_the_label(real: float, fake: float) -> None:
    """Salimans et al. 2016: the best D(x) on a real image alone is its label, 0.9."""
    against = LOSSES["non_saturating"].against
    assert against is not None
    logits = torch.tensor([math.log(real / (1 - real))], requires_grad=True)
    other = torch.tensor([0.0])
    against_labels(
        against, logits, other, labels=(real, fake), flip=0.0, rng=torch.Generator()
    ).backward()
    assert logits.grad is not None
    assert abs(logits.grad.item()) < 1e-6
    r, f = REAL.tolist(), FAKE.tolist()
    expected = sum(-real * log(sigmoid(x)) - (1 - real) * log(1 - sigmoid(x)) for x in r) / 4
    expected += sum(-fake * log(sigmoid(x)) - (1 - fake) * log(1 - sigmoid(x)) for x in f) / 4
    value = against_labels(
        against, REAL, FAKE, labels=(real, fake), flip=0.0, rng=torch.Generator()
    )
    assert float(value) == pytest.approx(expected, rel=1e-5)


def test_flipping_exchanges_the_labels_of_its_share() -> None:
    seen: list[torch.Tensor] = []

    def spy(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        seen.append(labels)
        return logits

    many = torch.zeros(20_000)
    against_labels(
        spy, many, many, labels=(0.9, 0.1), flip=0.2, rng=torch.Generator().manual_seed(0)
    )
    for labels, own, other in zip(seen, (0.9, 0.1), (0.1, 0.9), strict=True):
        assert sorted(set(labels.tolist())) == pytest.approx(sorted((own, other)))
        assert (labels == torch.tensor(other)).float().mean().item() == pytest.approx(0.2, abs=0.01)
    assert not torch.equal(seen[0] == 0.1, seen[1] == 0.9)  # each side draws its own
