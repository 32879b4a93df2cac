"""Adaptive augmentation: how often and how far it transforms, and how its probability moves."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from ganpipe.core.schema import ShareSchedule
from ganpipe.objectives.augmentations.ada import AdaptiveAugmentation
from ganpipe.objectives.augmentations.config import AdaConfig, Transforms
from ganpipe.objectives.build import augmentation

NAMES = tuple(Transforms.model_fields)
ALL = dict.fromkeys(NAMES, 1.0)
RAMP = torch.arange(32.0) - 15.5  # places from the centre, in pixels


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def build(shape: tuple[int, int, int] = (3, 8, 8), **fields: Any) -> AdaptiveAugmentation:
    built = augmentation(AdaConfig.model_validate({"kind": "ada", **fields}), shape)
    assert isinstance(built, AdaptiveAugmentation)
    return built


def apply(images: Tensor, p: float, *names: str, seed: int = 0) -> Tensor:
    """The images after the transforms ``names`` alone."""
    transforms = dict.fromkeys(NAMES, 0.0) | dict.fromkeys(names, 1.0)
    shape = (images.shape[1], images.shape[2], images.shape[3])
    augmented: Tensor = build(shape, transforms=transforms, probability=p)(
        images, rng(seed), progress=0.0
    )
    return augmented


def noise(*shape: int) -> Tensor:
    return torch.randn(shape, generator=rng(7))


def test_nothing_happens_at_0_to_any_bit() -> None:
    images = noise(64, 3, 8, 8)
    images[0] = -0.0
    augmented = build(transforms=ALL, probability=0.0)(images, rng(), progress=0.0)
    assert torch.equal(augmented.view(torch.int32), images.view(torch.int32))


@pytest.mark.parametrize("name", NAMES)
def test_as_many_images_change_as_p_says(name: str) -> None:
    images = noise(4000, 3, 8, 8)
    changed = (apply(images, 0.3, name) != images).flatten(1).any(1).float().mean().item()
    visible = {"flip": 1 / 2, "turn": 3 / 4, "luma_flip": 1 / 2, "shift": 3 / 4}.get(name, 1)
    share = 0.3 * visible
    assert changed == pytest.approx(share, abs=4 * math.sqrt(share * (1 - share) / 4000))


def test_a_share_lowers_the_probability_of_its_transform() -> None:
    images = noise(4000, 1, 4, 4)
    halved = dict.fromkeys(NAMES, 0.0) | {"contrast": 0.5}
    augmented = build((1, 4, 4), transforms=halved, probability=0.8)(images, rng(), progress=0.0)
    changed = (augmented != images).flatten(1).any(1).float().mean().item()
    assert changed == pytest.approx(0.4, abs=0.03)


def test_flips_and_turns_are_even_at_1() -> None:
    images = torch.arange(16.0).view(1, 1, 4, 4).expand(4000, -1, -1, -1)
    flipped = apply(images, 1.0, "flip")
    assert {tuple(row) for row in flipped[:, 0, 0].tolist()} == {(0, 1, 2, 3), (3, 2, 1, 0)}
    assert (flipped[:, 0, 0, 0] == 3).float().mean().item() == pytest.approx(0.5, abs=0.03)
    corners = apply(images, 1.0, "turn")[:, 0, 0, 0]
    for corner in (0, 3, 12, 15):
        assert (corners == corner).float().mean().item() == pytest.approx(0.25, abs=0.03)


def slopes(images: Tensor) -> tuple[Tensor, Tensor]:
    """(N,) how much images rise per pixel downwards and to the right at their centres."""
    centre = images[:, 0, 15:17, 15:17]
    return centre.diff(dim=1).mean((1, 2)), centre.diff(dim=2).mean((1, 2))


def test_warps_have_the_published_ranges() -> None:
    """A ramp shows them: its slopes at the centre are the rows of the matrix."""
    right = RAMP.expand(300, 1, 32, -1)
    rises, grows = slopes(apply(right, 1.0, "scale"))
    assert rises.abs().max() < 1e-4
    assert grows.log2().std().item() == pytest.approx(0.2, rel=0.12)
    assert grows.log2().mean().item() == pytest.approx(0, abs=0.03)
    across = slopes(apply(right, 1.0, "anisotropy"))[1]
    along = slopes(apply(right.mT, 1.0, "anisotropy"))[0]
    assert across.log2().std().item() == pytest.approx(0.2, rel=0.12)
    assert torch.allclose(across * along, torch.ones(300), atol=1e-3)
    rises, grows = slopes(apply(right, 1.0, "rotation"))
    assert torch.allclose(rises.square() + grows.square(), torch.ones(300), atol=1e-3)
    angles = torch.atan2(rises, grows)
    assert angles.abs().max().item() == pytest.approx(math.pi, abs=0.05)
    assert angles.std().item() == pytest.approx(math.pi / math.sqrt(3), rel=0.1)
    moved = -apply(right, 1.0, "fractional_shift")[:, 0, 15:17, 15:17].mean((1, 2))
    assert moved.std().item() == pytest.approx(4, rel=0.12)
    moved = -apply(right, 1.0, "shift")[:, 0, 15:17, 15:17].mean((1, 2))
    assert {round(value, 3) for value in moved.tolist()} == {*range(-4, 5)}


def test_colours_have_the_published_ranges() -> None:
    black, white = torch.zeros(4000, 3, 2, 2), torch.ones(4000, 3, 2, 2)
    red = torch.tensor([1.0, 0.0, 0.0]).view(1, 3, 1, 1).expand(4000, -1, 2, 2)
    assert apply(black, 1.0, "brightness").std().item() == pytest.approx(0.2, rel=0.05)
    assert apply(white, 1.0, "contrast").log2().std().item() == pytest.approx(0.5, rel=0.05)
    flipped = apply(white, 1.0, "luma_flip")[:, 0, 0, 0]
    assert flipped.mean().item() == pytest.approx(0, abs=0.05)
    assert torch.allclose(flipped.abs(), torch.ones(4000))
    third = 1 / 3
    chroma = (apply(red, 1.0, "saturation")[:, 0, 0, 0] - third) / (1 - third)
    assert chroma.log2().std().item() == pytest.approx(1, rel=0.05)
    hues = apply(red, 1.0, "hue")[:, :, 0, 0]
    angles = torch.atan2((hues[:, 1] - hues[:, 2]) / math.sqrt(2), (hues[:, 0] - third) * 1.5**0.5)
    assert angles.abs().max().item() == pytest.approx(math.pi, abs=0.01)
    assert angles.std().item() == pytest.approx(math.pi / math.sqrt(3), rel=0.05)


def test_colours_are_composed_as_published() -> None:
    """What one transform draws does not depend on the others, so that each factor can be had alone,
    and their product is known."""
    names = ("brightness", "contrast", "luma_flip", "hue", "saturation")
    black, white = torch.zeros(500, 3, 2, 2), torch.ones(500, 3, 2, 2)
    red = torch.tensor([1.0, 0.0, 0.0]).view(1, 3, 1, 1).expand(500, -1, 2, 2)
    brightness = apply(black, 1.0, "brightness")
    contrast = apply(white, 1.0, "contrast")
    sign = apply(white, 1.0, "luma_flip")
    saturation = (apply(red, 1.0, "saturation") - 1 / 3)[:, :1] * 1.5
    chroma = apply(red, 1.0, "hue") - 1 / 3
    expected = contrast * (sign * (brightness + 1 / 3) + saturation * chroma)
    assert torch.allclose(apply(red, 1.0, *names), expected, atol=1e-4)


def test_cutout_makes_half_the_side_grey() -> None:
    cut = apply(torch.ones(2000, 1, 8, 8), 1.0, "cutout") == 0
    counts = cut.flatten(1).sum(1)
    assert (counts.min(), counts.max()) == (4, 16)  # the centre stays inside
    assert cut.float().mean((0, 1)).min() > 0.05  # every pixel is sometimes cut


def test_grey_images_have_no_hue_and_no_saturation() -> None:
    images = noise(32, 1, 8, 8)
    assert torch.equal(apply(images, 1.0, "hue", "saturation"), images)
    luma, colour = apply(images, 1.0, "luma_flip", "contrast"), images.expand(-1, 3, -1, -1)
    assert torch.allclose(apply(colour, 1.0, "luma_flip", "contrast")[:, :1], luma, atol=1e-5)


def test_draws_depend_on_the_seed_alone() -> None:
    images = noise(16, 3, 8, 8)
    states = []
    for p, transforms in ((0.0, ALL), (1.0, ALL), (0.5, {**ALL, "scale": 0.0})):
        stream = rng()
        build(transforms=transforms, probability=p)(images, stream, progress=0.0)
        states.append(stream.get_state())
    assert all(torch.equal(state, states[0]) for state in states)
    augmented = [build(transforms=ALL, probability=0.9)(images, rng(), progress=0.0) for _ in "ab"]
    assert torch.equal(*augmented)
    assert not torch.equal(augmented[0], apply(images, 0.9, *NAMES, seed=1))


def test_the_pipe_has_second_derivatives() -> None:
    pipe = build((3, 3, 3), transforms=ALL, probability=0.7).double()

    def function(images: Tensor) -> Tensor:
        augmented: Tensor = pipe(images, rng(3), progress=0.0)
        return augmented.sin()

    images = noise(2, 3, 3, 3).double().requires_grad_()
    assert torch.autograd.gradcheck(function, images)
    assert torch.autograd.gradgradcheck(function, images)


def test_autocast_leaves_it_in_full_precision() -> None:
    images = noise(8, 3, 8, 8)
    pipe = build(transforms=ALL, probability=1.0)
    expected = pipe(images, rng(), progress=0.0)
    with torch.autocast("cpu", torch.bfloat16):
        augmented = pipe(images, rng(), progress=0.0)
    assert torch.equal(augmented, expected)


def test_p_follows_the_mean_sign() -> None:
    pipe = build(every=2, images=1000, target=0.5)
    for means, expected in (
        ((0.4, 0.8), 0.04),  # 0.6 on average: up by 2 x 20 / 1000
        ((0.8, 0.8), 0.08),
        ((1.0, -0.1), 0.04),  # 0.45: down
        ((0.5, 0.5), 0.04),  # at the target
        ((-1.0, -1.0), 0.0),
        ((-1.0, -1.0), 0.0),  # not below 0
    ):
        before = pipe.p.item()
        pipe.adapt(torch.tensor(means[0]), images=20, rng=rng())
        assert pipe.p.item() == before  # at every second update only
        pipe.adapt(torch.tensor(means[1]), images=20, rng=rng())
        assert pipe.p.item() == pytest.approx(expected, abs=1e-6)
        assert pipe.strength(0.5).item() == pipe.p.item()


def test_p_goes_on_above_1_and_every_transform_is_drawn() -> None:
    pipe = build((1, 4, 4), every=1, images=100)
    for _ in range(8):
        pipe.adapt(torch.tensor(1.0), images=20, rng=rng())
    assert pipe.p.item() == pytest.approx(1.6)
    assert pipe.strength(0.0).item() == 1
    images = noise(32, 1, 4, 4)
    assert torch.isfinite(pipe(images, rng(), progress=0.0)).all()


def test_the_state_between_moves_survives_a_checkpoint() -> None:
    pipe, again = build(every=3, images=100), build(every=3, images=100)
    pipe.adapt(torch.tensor(1.0), images=20, rng=rng())
    pipe.adapt(torch.tensor(0.1), images=20, rng=rng())
    again.load_state_dict(pipe.state_dict())
    for each in (pipe, again):
        each.adapt(torch.tensor(0.9), images=20, rng=rng())
        assert each.p.item() == pytest.approx(0.6)
    assert {*pipe.state_dict()} == {"p", "signs", "taken", "updates"}


def test_a_given_probability_does_not_adapt() -> None:
    fixed = build(probability=0.25)
    for _ in range(8):
        fixed.adapt(torch.tensor(1.0), images=100_000, rng=rng())
    assert fixed.strength(0.9).item() == 0.25
    assert fixed.p.item() == 0
    schedule = ShareSchedule(start=0.0, end=0.5, until=0.5)
    moving = build(probability=schedule)
    assert [moving.strength(at).item() for at in (0, 0.25, 0.5, 0.75)] == [0, 0.25, 0.5, 0.5]
    images = noise(8, 3, 8, 8)
    assert torch.equal(moving(images, rng(), progress=0.0), images)
    assert torch.equal(
        moving(images, rng(), progress=0.9), build(probability=0.5)(images, rng(), progress=0.0)
    )


def test_it_says_what_flips_and_turns() -> None:
    assert build().reorients == ("flip", "turn", "rotation")
    assert build(transforms={"flip": 0.0, "rotation": 0.0}).reorients == ("turn",)
