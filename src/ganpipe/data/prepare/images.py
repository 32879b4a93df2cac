"""Resizing and decoding with Pillow, whose bilinear filter is antialiased when it shrinks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

FORMATS = ("PNG", "JPEG", "WebP")
ALL_FORMATS = (*FORMATS, "BMP", "PPM", "TIFF")  # of images that are judged


class DamagedImageError(Exception):
    """Why a file gave no image."""


def resize(images: np.ndarray, size: int) -> np.ndarray:
    """(N, C, H, W) uint8 -> (N, C, size, size) uint8, bilinear, antialiased."""
    planes = images.reshape(-1, *images.shape[2:])
    target = (size, size)
    resized = [
        np.asarray(Image.fromarray(plane).resize(target, Image.Resampling.BILINEAR))
        for plane in planes
    ]
    return np.stack(resized).reshape(*images.shape[:2], size, size)


def decode(path: Path, size: int, channels: int) -> np.ndarray:
    """An image file of any size -> (channels, size, size) uint8: turned as its EXIF data say,
    its shorter side resized to ``size``, the centre cropped, transparency put on white.

    Raises DamagedImageError where the file can't be decoded or is a decompression bomb.
    """
    with _damage(FORMATS):
        # JPEG can be decoded at 1/2, 1/4 or 1/8; twice the size leaves the filter its work.
        upright = _open(path, FORMATS, draft=(2 * size, 2 * size))
        plain = _flatten(upright, "L" if channels == 1 else "RGB")
        square = ImageOps.fit(plain, (size, size), Image.Resampling.BILINEAR)
    return np.asarray(square).reshape(size, size, channels).transpose(2, 0, 1)


def decode_as_it_is(path: Path) -> np.ndarray:
    """An image file -> (1 or 3, H, W) uint8 at its own size, else as :func:`decode`."""
    with _damage(ALL_FORMATS):
        upright = _open(path, ALL_FORMATS, draft=None)
        grey = upright.mode in ("1", "L", "LA") or upright.mode.startswith("I")
        pixels = np.asarray(_flatten(upright, "L" if grey else "RGB"))
    return pixels.reshape(*pixels.shape[:2], -1).transpose(2, 0, 1)


def _open(path: Path, formats: tuple[str, ...], draft: tuple[int, int] | None) -> Image.Image:
    """The image, turned as its EXIF data say."""
    with Image.open(path, formats=formats) as image:
        _refuse_bomb(image)
        if image.mode == "F" or (image.mode == "I" and image.format == "TIFF"):
            raise DamagedImageError(
                "its pixels are 32-bit numbers, and which of them is white is not said"
            )
        if draft:
            image.draft(None, draft)
        return ImageOps.exif_transpose(image)


@contextmanager
def _damage(formats: tuple[str, ...]) -> Iterator[None]:
    """Take whatever decoders raise on damaged data as one error."""
    try:
        yield
    except Image.UnidentifiedImageError:
        *first, last = formats
        raise DamagedImageError(f"it is not a {', '.join(first)} or {last} image") from None
    except DamagedImageError:
        raise
    except Exception as error:  # decoders raise every kind of error on damaged data
        raise DamagedImageError(str(error) or type(error).__name__) from None


def _refuse_bomb(image: Image.Image) -> None:
    """Take Pillow's limit as an error; Pillow itself only warns up to twice of it."""
    limit = Image.MAX_IMAGE_PIXELS
    if limit is not None and image.width * image.height > limit:
        megapixels = image.width * image.height / 1e6
        raise DamagedImageError(
            f"its {megapixels:.0f} megapixels are over the safe {limit / 1e6:.0f}"
        )


def _flatten(image: Image.Image, mode: str) -> Image.Image:
    """Any mode -> 8-bit grey or RGB."""
    if image.mode.startswith("I"):  # 16-bit grey, which convert() would clip
        image = Image.fromarray((np.asarray(image) // 257).clip(0, 255).astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image)
    return image.convert(mode)
