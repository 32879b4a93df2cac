"""Resizing and decoding with Pillow, whose bilinear filter is antialiased when it shrinks."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import numpy as np
from PIL import ExifTags, Image, ImageOps

from ganpipe.data.image_files import readable_formats
from ganpipe.data.prepare.metadata import without_metadata
from ganpipe.data.prepare.notes import FULL, DamagedImageError, Levels, NoRangeError, Notes

GREY_MODES = ("1", "L", "LA", "La")
PHOTOMETRIC, BITS = 262, 258  # tags of TIFF
UPRIGHT = {  # by the EXIF orientation
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
LYING = 5  # of the orientations, the first that exchanges width and height

Seen = TypeVar("Seen")


def resize(images: np.ndarray, size: int) -> np.ndarray:
    """(N, C, H, W) uint8 -> (N, C, size, size) uint8, bilinear, antialiased."""
    planes = images.reshape(-1, *images.shape[2:])
    target = (size, size)
    resized = [
        np.asarray(Image.fromarray(plane).resize(target, Image.Resampling.BILINEAR))
        for plane in planes
    ]
    return np.stack(resized).reshape(*images.shape[:2], size, size)


def decode(
    path: Path,
    size: int,
    channels: int,
    *,
    levels: Levels | None = None,
    notes: Notes | None = None,
) -> np.ndarray:
    """An image file of any size -> (channels, size, size) uint8: turned as its EXIF data say,
    its shorter side resized to ``size``, the centre cropped, transparency put on white.

    Grey of more than 8 bits is scaled from ``levels`` where they are given, otherwise from the
    full range of the file. Raises DamagedImageError where the pixels can't be decoded or are a
    decompression bomb; metadata that can't be read are none.
    """
    with _damage():
        # JPEG can be decoded at 1/2, 1/4 or 1/8; twice the size leaves the filter its work.
        draft = (2 * size, 2 * size)
        upright = _read(path, draft=draft, levels=levels, notes=notes or Notes())
        return _square(upright, size, channels)


def decode_halves(
    path: Path,
    size: int,
    channels: tuple[int, int],
    *,
    levels: Levels | None = None,
    notes: Notes | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """The left and the right half of an image file of even width, each with its number of
    ``channels`` and otherwise as :func:`decode` would make it of a file of its own."""
    with _damage():
        upright = _read(path, draft=None, levels=levels, notes=notes or Notes())
        middle, height = upright.width // 2, upright.height
        left = upright.crop((0, 0, middle, height))
        right = upright.crop((middle, 0, 2 * middle, height))
        return _square(left, size, channels[0]), _square(right, size, channels[1])


def upright_size(path: Path) -> tuple[int, int]:
    """Width and height in pixels, turned as the EXIF data say, from the file's header alone.

    Raises DamagedImageError where it cannot be read.
    """

    def look(source: Path | io.BytesIO) -> tuple[int, int]:
        with Image.open(source, formats=readable_formats()) as image:
            width, height = image.size
            return (height, width) if _orientation(image) >= LYING else (width, height)

    with _damage():
        return _without_damaged_metadata(path, look)


def decode_as_it_is(
    path: Path, notes: Notes | None = None, *, levels: Levels | None = None
) -> np.ndarray:
    """An image file -> (1 or 3, H, W) uint8 at its own size, else as :func:`decode`."""
    with _damage():
        upright = _read(path, draft=None, levels=levels, notes=notes or Notes())
        pixels = np.asarray(_flatten(upright, "L" if upright.mode in GREY_MODES else "RGB"))
    return pixels.reshape(*pixels.shape[:2], -1).transpose(2, 0, 1)


def is_grey(path: Path) -> bool:
    """Whether :func:`decode_as_it_is` gives one channel, from the file's header alone."""
    try:
        with Image.open(path, formats=readable_formats()) as image:
            return image.mode in GREY_MODES or image.mode[0] in "IF"
    except Exception:  # decoders raise every kind of error on damaged data
        return len(decode_as_it_is(path)) == 1


def _read(
    path: Path, *, draft: tuple[int, int] | None, levels: Levels | None, notes: Notes
) -> Image.Image:
    """The image in 8 bits a channel, upright."""

    def look(source: Path | io.BytesIO) -> Image.Image:
        return _open(source, draft=draft, levels=levels, notes=notes)

    return _without_damaged_metadata(path, look)


def _without_damaged_metadata(path: Path, look: Callable[[Path | io.BytesIO], Seen]) -> Seen:
    """The result of ``look`` on the file; without its metadata where those alone are damaged."""
    try:
        return look(path)
    except DamagedImageError:
        raise
    except Exception:  # decoders raise every kind of error on damaged data
        pixels = without_metadata(path.read_bytes())
        if pixels is None:
            raise
        return look(io.BytesIO(pixels))


def _open(
    source: Path | io.BytesIO,
    *,
    draft: tuple[int, int] | None,
    levels: Levels | None,
    notes: Notes,
) -> Image.Image:
    with Image.open(source, formats=readable_formats()) as image:
        _refuse_bomb(image)
        raw_mode = _raw_mode(image)
        if draft:
            image.draft(None, draft)
        image.load()
        plain = image.copy()
        if image.mode[0] in "IF":
            plain = _in_8_bits(image, levels, notes)
        elif image.format in ("PNG", "TIFF") and "16" in raw_mode:
            _note_deep_colour(plain, levels, notes)
        turn = UPRIGHT.get(_orientation(image))
        notes.animations += _is_animated(image)
    return plain if turn is None else plain.transpose(turn)


def _raw_mode(image: Image.Image) -> str:
    """The layout of the pixels in the file, in Pillow's words, such as ``RGB;16B``; to be asked
    before they are loaded."""
    tiles = getattr(image, "tile", [])
    arguments = tiles[0][3] if tiles else ""
    return str(arguments if isinstance(arguments, str) or not arguments else arguments[0])


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 to 8; 1 where there is none or it cannot be read."""
    try:
        value = image.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception:  # damaged metadata raise every kind of error
        return 1
    return value if isinstance(value, int) else 1


def _is_animated(image: Image.Image) -> bool:
    """Whether there are more frames, each a picture of its own; moves to another frame."""
    try:  # of MPO, what follows is another view or a map of brightness
        return image.format != "MPO" and bool(getattr(image, "is_animated", False))
    except Exception:  # the second frame is damaged
        return False


def _in_8_bits(image: Image.Image, levels: Levels | None, notes: Notes) -> Image.Image:
    """Grey of more than 8 bits -> 8 bits, rounded to nearest; transparency as in the file."""
    values = np.asarray(image)
    values = values.astype(np.float64 if image.mode == "F" else np.int64)
    white = _white(image)
    if image.format == "PPM" and white is not None:  # whose header says what is white
        levels = None
    elif levels is not None:
        notes.scaled += 1
    elif white == FULL:
        notes.see_deep(int(values.min()), int(values.max()))
    if levels is None and white is None:
        raise NoRangeError(
            "its pixels are signed or 32-bit numbers, and which of them is white is not said"
        )
    if not np.isfinite(values).all():
        raise DamagedImageError("its pixels hold NaN or infinity")
    low, high = levels or (0, white or FULL)
    grey = np.floor((values - low) * 255 / (high - low) + 0.5).clip(0, 255).astype(np.uint8)
    if image.format == "TIFF" and getattr(image, "tag_v2", {}).get(PHOTOMETRIC) == 0:
        grey = 255 - grey  # 0 is white
    clear = image.info.get("transparency")
    if not isinstance(clear, int):
        return Image.fromarray(grey)
    alpha = np.where(values == clear, 0, 255).astype(np.uint8)
    return Image.merge("LA", [Image.fromarray(grey), Image.fromarray(alpha)])


def _white(image: Image.Image) -> int | None:
    """The value of white in grey of more than 8 bits; None where the file does not say."""
    if image.mode == "F" or (image.mode == "I" and image.format == "TIFF"):
        return None
    if image.format == "TIFF":
        return int(2 ** getattr(image, "tag_v2", {}).get(BITS, (16,))[0] - 1)
    return FULL


def _note_deep_colour(image: Image.Image, levels: Levels | None, notes: Notes) -> None:
    """Note the range of 16-bit colours, of which Pillow reads the upper 8 bits alone."""
    if levels is not None:
        raise DamagedImageError(
            "its colours have 16 bits, of which only 8 are read, so that no range can be "
            "applied; store it with 8 bits a channel"
        )
    extrema = image.convert("RGB").getextrema()
    lows, highs = zip(*extrema, strict=True)  # type: ignore[misc]
    notes.see_deep(min(lows) * 257, max(highs) * 257)


@contextmanager
def _damage() -> Iterator[None]:
    """Take whatever decoders raise on damaged data as one error."""
    try:
        yield
    except Image.UnidentifiedImageError:
        raise DamagedImageError(
            f"it is not an image that can be read ({', '.join(readable_formats())})"
        ) from None
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


def _square(image: Image.Image, size: int, channels: int) -> np.ndarray:
    """An upright image -> (channels, size, size) uint8."""
    plain = _flatten(image, "L" if channels == 1 else "RGB")
    square = ImageOps.fit(plain, (size, size), Image.Resampling.BILINEAR)
    return np.asarray(square).reshape(size, size, channels).transpose(2, 0, 1)


def _flatten(image: Image.Image, mode: str) -> Image.Image:
    """8 bits of any mode -> grey or RGB, transparency on white."""
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image)
    return image.convert(mode)
