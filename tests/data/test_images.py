from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.image_files import save
from PIL import Image

from ganpipe.data.prepare.images import decode, resize
from ganpipe.data.prepare.notes import DamagedImageError


@pytest.fixture
def noise() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8)


@pytest.mark.parametrize("size", [28, 64])
def test_resizing_agrees_with_torch(size: int) -> None:
    """Bilinear, antialiased, to a grey level of rounding."""
    images = np.random.default_rng(1).integers(0, 256, (3, 3, 32, 32), dtype=np.uint8)
    wanted = torch.nn.functional.interpolate(
        torch.from_numpy(images).float(), (size, size), mode="bilinear", antialias=True
    )
    found = resize(images, size)
    assert found.dtype == np.uint8
    assert np.abs(found - wanted.numpy()).max() <= 1.01


def test_an_image_of_the_right_size_is_untouched(tmp_path: Path, noise: np.ndarray) -> None:
    decoded = decode(save(tmp_path / "a.png", noise), 40, 3)
    np.testing.assert_array_equal(decoded, noise.transpose(2, 0, 1))


def test_a_lossless_webp(tmp_path: Path, noise: np.ndarray) -> None:
    decoded = decode(save(tmp_path / "a.webp", noise, lossless=True), 40, 3)
    np.testing.assert_array_equal(decoded, noise.transpose(2, 0, 1))


@pytest.mark.parametrize("wide", [True, False])
def test_the_centre_is_cropped(tmp_path: Path, noise: np.ndarray, wide: bool) -> None:
    frame = np.zeros((40, 100, 3) if wide else (100, 40, 3), np.uint8)
    frame[:, 30:70] = noise if wide else 0
    if not wide:
        frame[30:70] = noise
    decoded = decode(save(tmp_path / "a.png", frame), 40, 3)
    np.testing.assert_array_equal(decoded, noise.transpose(2, 0, 1))


def test_a_large_jpeg_keeps_its_looks(tmp_path: Path) -> None:
    """Decoding at a fraction of the size changes next to nothing."""
    y, x = np.mgrid[:1600, :2000]
    waves = 127 + 60 * np.sin(x / 90) + 60 * np.cos(y / 70)
    pixels = np.stack([waves, waves[::-1], 255 - waves], -1).astype(np.uint8)
    path = save(tmp_path / "a.jpg", pixels, quality=95)
    centre = pixels.transpose(2, 0, 1)[None, :, :, 200:1800]
    wanted = resize(centre, 64)[0].astype(int)
    assert np.abs(decode(path, 64, 3) - wanted).mean() < 1.5


def test_exif_orientation(tmp_path: Path) -> None:
    pixels = np.zeros((40, 40, 3), np.uint8)
    pixels[:20] = 255  # bright above
    exif = Image.Exif()
    exif[0x0112] = 6  # turn clockwise by a quarter to see it upright
    decoded = decode(save(tmp_path / "a.png", pixels, exif=exif), 40, 1)
    assert decoded[0, :, 20:].min() == 255  # bright on the right
    assert decoded[0, :, :20].max() == 0


@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA"])
def test_transparency_is_white(tmp_path: Path, mode: str) -> None:
    pixels = np.zeros((8, 8, 4), np.uint8)
    pixels[:, :4, 3] = 255  # opaque black on the left
    image = Image.fromarray(pixels)
    if mode == "PA":
        image = image.convert("P")
        image.info["transparency"] = 0  # all of it
    path = tmp_path / "a.png"
    image.convert("LA" if mode == "LA" else image.mode).save(path)
    decoded = decode(path, 8, 3)
    assert decoded[:, :, 4:].min() == 255
    assert mode == "PA" or decoded[:, :, :4].max() == 0


@pytest.mark.parametrize("mode", ["L", "P", "1", "CMYK", "RGB"])
def test_modes(tmp_path: Path, noise: np.ndarray, mode: str) -> None:
    path = tmp_path / ("a.jpg" if mode == "CMYK" else "a.png")
    Image.fromarray(noise).convert(mode).save(path)
    assert decode(path, 16, 3).shape == (3, 16, 16)
    assert decode(path, 16, 1).shape == (1, 16, 16)


def test_sixteen_bits_are_scaled(tmp_path: Path) -> None:
    pixels = np.linspace(0, 65535, 64, dtype=np.uint16).reshape(8, 8)
    decoded = decode(save(tmp_path / "a.png", pixels), 8, 1)[0]
    np.testing.assert_allclose(decoded, pixels / 257, atol=1)
    assert (decoded.min(), decoded.max()) == (0, 255)


def test_colour_becomes_grey(tmp_path: Path, noise: np.ndarray) -> None:
    decoded = decode(save(tmp_path / "a.png", noise), 40, 1)[0]
    np.testing.assert_allclose(decoded, noise @ [0.299, 0.587, 0.114], atol=1)


def _broken(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes(64) + content[middle + 64 :]


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp"])
def test_a_cut_file(tmp_path: Path, noise: np.ndarray, suffix: str) -> None:
    path = save(tmp_path / f"a.{suffix}", noise)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(DamagedImageError):
        decode(path, 16, 3)


def test_flipped_bytes_in_a_png(tmp_path: Path, noise: np.ndarray) -> None:
    path = save(tmp_path / "a.png", noise)
    path.write_bytes(_broken(path.read_bytes()))
    with pytest.raises(DamagedImageError):
        decode(path, 16, 3)


@pytest.mark.parametrize("content", [b"", b"hello", b"%PDF-1.4" + bytes(100)])
def test_something_else_by_an_images_name(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(DamagedImageError, match="not an image that can be read"):
        decode(tmp_path / "a.png", 16, 3)


@pytest.mark.parametrize("side", [10_000, 20_000])
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_a_decompression_bomb(tmp_path: Path, side: int) -> None:
    """Between Pillow's limit and twice of it, where Pillow only warns, and above."""
    path = tmp_path / "bomb.png"
    Image.new("1", (side, side)).save(path)
    with pytest.raises(DamagedImageError, match=r"safe|bomb"):
        decode(path, 16, 3)
