"""DiffAugment and instance noise against loops over single pixels."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from ganpipe.objectives.augment import cut_out, diff_augment, instance_noise, recolour, translate

IMAGES = torch.rand((4, 3, 8, 6), generator=torch.Generator().manual_seed(0)) * 2 - 1


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_translation_pixel_by_pixel() -> None:
    down, right = torch.tensor([0, 2, -3, 1]), torch.tensor([1, -1, 0, 6])
    expected = torch.zeros_like(IMAGES)
    for n, (dy, dx) in enumerate(zip(down.tolist(), right.tolist(), strict=True)):
        for y in range(8):
            for x in range(6):
                if 0 <= y - dy < 8 and 0 <= x - dx < 6:
                    expected[n, :, y, x] = IMAGES[n, :, y - dy, x - dx]
    assert torch.equal(translate(IMAGES, down, right), expected)


def test_cutout_pixel_by_pixel() -> None:
    top, left = torch.tensor([0, -2, 6, 3]), torch.tensor([0, 4, -1, 2])
    expected = IMAGES.clone()
    for n, (y0, x0) in enumerate(zip(top.tolist(), left.tolist(), strict=True)):
        for y in range(max(0, y0), min(8, y0 + 4)):
            for x in range(max(0, x0), min(6, x0 + 3)):
                expected[n, :, y, x] = 0
    assert torch.equal(cut_out(IMAGES, top, left, height=4, width=3), expected)


def test_colour_image_by_image() -> None:
    shift, saturation, contrast = torch.rand((3, 4, 1, 1, 1), generator=rng())
    expected = torch.empty_like(IMAGES)
    for n in range(4):
        image = IMAGES[n] + shift[n].item()
        for y in range(8):
            for x in range(6):
                grey = sum(image[c, y, x].item() for c in range(3)) / 3
                for c in range(3):
                    image[c, y, x] = grey + (image[c, y, x] - grey) * saturation[n].item()
        mean = image.sum().item() / image.numel()
        expected[n] = mean + (image - mean) * contrast[n].item()
    recoloured = recolour(IMAGES, shift=shift, saturation=saturation, contrast=contrast)
    assert torch.allclose(recoloured, expected, atol=1e-5)


def test_an_eighth_of_20_pixels_is_3() -> None:
    """As the authors' program rounds it, halves up."""
    image = torch.zeros(2000, 1, 20, 20)
    image[:, :, 10, 10] = 1
    places = diff_augment(image, ["translation"], rng()).flatten(1).argmax(1)
    assert {int(place) // 20 - 10 for place in places} == set(range(-3, 4))


def test_draws_cover_the_papers_ranges() -> None:
    ramp = torch.arange(1.0, 257.0).view(1, 1, 16, 16).expand(3000, -1, -1, -1)
    moved = diff_augment(ramp, ["translation"], rng())
    starts = {int(v) for v in (moved[:, 0, 8, 8] - 1).tolist()}
    shifts = {(8 - v // 16, 8 - v % 16) for v in starts}
    assert shifts == {(dy, dx) for dy in range(-2, 3) for dx in range(-2, 3)}  # an eighth of 16
    cut = diff_augment(torch.ones(3000, 1, 16, 16), ["cutout"], rng()) == 0
    assert cut.flatten(1).sum(1).max() == 64  # half the side, squared
    assert cut.flatten(1).sum(1).min() == 16  # its centre stays inside
    assert cut.float().mean((0, 1)).min() > 0.05  # every pixel is sometimes cut
    black = diff_augment(torch.zeros(3000, 1, 2, 2), ["color"], rng())
    assert black.min().item() == pytest.approx(-0.5, abs=0.01)
    assert black.max().item() == pytest.approx(0.5, abs=0.01)
    red = torch.tensor([1.0, 0.0, 0.0]).view(1, 3, 1, 1).expand(3000, -1, -1, -1)
    hues = diff_augment(red, ["color"], rng()).diff(dim=1)  # contrast and saturation multiply
    assert hues[:, 1].abs().max() < 1e-5  # green and blue stay alike
    assert -hues[:, 0].min().item() == pytest.approx(3, abs=0.1)  # 1.5 x 2
    assert -hues[:, 0].max().item() == pytest.approx(0, abs=0.01)
    step = torch.tensor([-1.0, 1.0]).view(1, 1, 1, 2).expand(3000, -1, -1, -1)
    spread = diff_augment(step, ["color"], rng()).diff(dim=3)
    assert spread.min().item() == pytest.approx(1, abs=0.01)  # contrast of 0.5
    assert spread.max().item() == pytest.approx(3, abs=0.01)  # of 1.5


def test_each_image_and_each_call_draws_anew_and_the_same_seed_the_same() -> None:
    same = IMAGES[:1].expand(4, -1, -1, -1)
    stream = rng()
    first, second = (diff_augment(same, ["color", "translation"], stream) for _ in range(2))
    assert len({tuple(image.flatten().tolist()) for image in torch.cat([first, second])}) == 8
    assert torch.equal(first, diff_augment(same, ["translation", "color"], rng()))


@pytest.mark.parametrize("kind", ["color", "translation", "cutout"])
def test_gradients_reach_the_images(kind: str) -> None:
    def augment(images: Tensor) -> Tensor:
        return diff_augment(images, [kind], rng())

    images = IMAGES.double().requires_grad_()
    assert torch.autograd.gradcheck(augment, images)


def test_instance_noise_has_its_deviation() -> None:
    noise = instance_noise(torch.ones(50, 1, 32, 32), 0.3, rng()) - 1
    assert noise.std().item() == pytest.approx(0.3, rel=0.02)
    assert noise.mean().item() == pytest.approx(0, abs=0.01)
    assert torch.equal(instance_noise(IMAGES, 0.0, rng()), IMAGES)
