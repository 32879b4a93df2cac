"""Warps, flips, turns and colours with given parameters, against NumPy, SciPy and closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy import ndimage
from torch import Tensor

from ganpipe.objectives.transforms.colour import colour_matrix
from ganpipe.objectives.transforms.reorient import reorient
from ganpipe.objectives.transforms.warp import SYM6, Warp, bilinear, rotations

SIDE = 16
AFFINE = torch.tensor([[[0.9, 0.2], [-0.1, 1.1]], [[0.3, -0.8], [0.7, 0.4]]], dtype=torch.float64)
OFFSET = torch.tensor([[0.3, -1.2], [1.7, 0.4]], dtype=torch.float64)
STILL = torch.eye(2, dtype=torch.float64)


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def noise(*shape: int) -> Tensor:
    return torch.randn(shape, dtype=torch.float64, generator=rng())


def warp(images: Tensor, linear: Tensor, offset: Tensor) -> Tensor:
    warped: Tensor = Warp(images.shape[2]).double()(images, linear, offset)
    return warped


def test_the_filters_even_shifts_are_orthonormal() -> None:
    taps = np.array(SYM6)
    products = [taps[2 * shift :] @ taps[: 12 - 2 * shift] for shift in range(6)]
    assert products == pytest.approx([1, 0, 0, 0, 0, 0], abs=1e-11)
    assert taps.sum() == pytest.approx(math.sqrt(2), abs=1e-14)
    signs = (-1.0) ** np.arange(12)
    for moment in range(6):  # of the high-pass filter
        assert signs @ (taps * np.arange(12.0) ** moment) == pytest.approx(0, abs=1e-8)


def test_shifts_by_whole_pixels_move_them_and_mirror_at_the_border() -> None:
    images = noise(3, 2, SIDE, SIDE)
    offset = torch.tensor([[0.0, 0.0], [3.0, -5.0], [-8.0, 15.0]]).double()
    moved = warp(images, STILL.expand(3, -1, -1), offset)
    for n, (down, right) in enumerate(offset.int().tolist()):
        padded = np.pad(images[n].numpy(), ((0, 0), (15, 15), (15, 15)), mode="reflect")
        expected = padded[:, 15 + down : 31 + down, 15 + right : 31 + right]
        assert np.abs(moved[n].numpy() - expected).max() < 1e-6  # the taps are float32


def test_a_ramp_is_warped_as_its_formula() -> None:
    """The filter keeps polynomials, and bilinear sampling keeps those of first degree. The centroid
    of its taps is not quite the tap that counts as its centre."""
    taps = np.array(SYM6)
    behind = (5 - taps @ np.arange(12) / math.sqrt(2)) / 2  # pixels, in both directions
    assert abs(behind) < 0.05
    line = torch.arange(32.0).double() - 15.5
    places = torch.stack(torch.meshgrid(line, line, indexing="ij"))
    ramp = 2 * places[0] - 3 * places[1] + 1
    warped = warp(ramp.expand(2, 1, -1, -1), AFFINE, OFFSET)[:, 0]
    for n in range(2):
        source = torch.einsum("ij,jhw->ihw", AFFINE[n], places - behind)
        source += OFFSET[n][:, None, None] + behind
        expected = 2 * source[0] - 3 * source[1] + 1
        inner = (source.abs() < 8).all(0) & (places.abs() < 9).all(0)
        assert inner.sum() > 50
        assert (warped[n] - expected)[inner].abs().max() < 1e-4


def filtered(images: Tensor, linear: Tensor, offset: Tensor) -> Tensor:
    """The same by PyTorch's own padding, convolutions and grid_sample."""
    side = images.shape[2]
    taps = torch.tensor(SYM6, dtype=torch.float64)
    plane = torch.outer(taps, taps)[None, None]
    margin = side - 1
    mirrored = F.pad(images, [margin] * 4, mode="reflect")
    enlarged = F.conv_transpose2d(mirrored, 2 * plane, stride=2)
    centre = (side - 1) / 2
    line = (torch.arange(2 * side + 10).double() - 5) / 2 - centre  # pixels from the centre
    places = torch.stack(torch.meshgrid(line, line, indexing="ij"), -1)
    source = torch.einsum("nij,hwj->nhwi", linear, places) + offset[:, None, None]
    samples = 2 * (source + centre + margin) + 5
    grid = (2 * samples / (enlarged.shape[2] - 1) - 1).flip(3)  # (x, y) in [-1, 1]
    sampled = F.grid_sample(enlarged, grid, align_corners=True)
    return F.conv2d(sampled, plane / 2, stride=2)


def test_the_matrices_are_the_filters() -> None:
    images = noise(2, 1, 8, 8)
    expected = filtered(images, AFFINE, OFFSET)
    assert torch.allclose(warp(images, AFFINE, OFFSET), expected, atol=1e-4)


def test_sampling_is_that_of_grid_sample() -> None:
    images = noise(2, 3, 5, 7)
    places = torch.rand((2, 2, 40), dtype=torch.float64, generator=rng()) * torch.tensor([[4], [6]])
    grid = (places / torch.tensor([[4], [6]]) * 2 - 1).flip(1).mT[:, None]  # (x, y) in [-1, 1]
    expected = F.grid_sample(images, grid, align_corners=True)[:, :, 0]
    assert torch.allclose(bilinear(images, places), expected, atol=1e-12)


def test_a_quarter_of_a_rotation_turns_down_to_the_right() -> None:
    down, right = torch.eye(2).double()
    quarter = rotations(torch.tensor([math.pi / 2], dtype=torch.float64))[0]
    assert torch.allclose(quarter @ down, right)
    assert torch.allclose(quarter @ right, -down)


@pytest.mark.parametrize("angle", [0.5, -2.0])
def test_rotation_and_scale_are_scipys(angle: float) -> None:
    image = ndimage.gaussian_filter(noise(32, 32).numpy(), 2, mode="mirror")
    linear = 0.8 * rotations(torch.tensor([angle], dtype=torch.float64))
    warped = warp(torch.from_numpy(image)[None, None], linear, torch.zeros(1, 2).double())[0, 0]
    matrix = linear[0].numpy()
    shift = 15.5 - matrix @ np.array([15.5, 15.5])
    expected = ndimage.affine_transform(image, matrix, shift, order=5, mode="mirror")
    assert (warped.numpy() - expected).std() < 0.04 * image.std()


def test_a_warp_has_second_derivatives() -> None:
    images = noise(2, 1, 4, 4).requires_grad_()
    small = Warp(4).double()

    def function(images: Tensor) -> Tensor:
        return small(images, AFFINE, OFFSET).sin()

    assert torch.autograd.gradcheck(function, images)
    assert torch.autograd.gradgradcheck(function, images)


def test_flips_and_turns_are_numpys() -> None:
    images = noise(8, 2, 5, 5)
    flipped = torch.arange(8) >= 4
    quarters = torch.arange(8) % 4
    moved = reorient(images, flipped, quarters).numpy()
    for n in range(8):
        image = images[n].numpy()
        image = image[:, :, ::-1] if n >= 4 else image
        assert np.array_equal(moved[n], np.rot90(image, n % 4, (1, 2)))


def matrix(luma: float = 1, chroma: float = 1, hue: float = 0) -> Tensor:
    factors = {"luma": luma, "chroma": chroma, "hue": hue}
    numbers = {name: torch.tensor([value], dtype=torch.float64) for name, value in factors.items()}
    return colour_matrix(**numbers)[0]


def test_colours_turn_about_grey() -> None:
    red, green, blue = torch.eye(3).double()
    third = matrix(hue=2 * math.pi / 3)
    for colour, turned in ((red, green), (green, blue), (blue, red)):
        assert torch.allclose(third @ colour, turned)
    any_hue = matrix(hue=0.7)
    assert torch.allclose(any_hue @ torch.ones(3).double(), torch.ones(3).double())
    colours = noise(3, 10)
    assert torch.allclose((any_hue @ colours).sum(0), colours.sum(0))  # the luma
    assert torch.allclose((any_hue @ colours).norm(dim=0), colours.norm(dim=0))
    assert torch.allclose(any_hue @ matrix(hue=-0.7), torch.eye(3).double())


def test_luma_and_chroma_are_apart() -> None:
    colours = noise(3, 10)
    mean = colours.mean(0)
    assert torch.allclose(matrix(chroma=0) @ colours, mean.expand(3, -1))  # grey
    assert torch.allclose(matrix(chroma=2) @ colours, mean + 2 * (colours - mean))
    assert torch.allclose(matrix(luma=-1) @ colours, colours - 2 * mean)
    assert torch.allclose(matrix(luma=-1) @ matrix(luma=-1), torch.eye(3).double())
    assert torch.allclose(matrix(luma=3, chroma=3) @ colours, 3 * colours)  # contrast
    together = matrix(luma=-3, chroma=2, hue=0.7)
    assert torch.allclose(together, matrix(luma=-3) @ matrix(chroma=2) @ matrix(hue=0.7))
