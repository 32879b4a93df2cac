"""Films of grids: looping GIF and WebP files, by Pillow."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ganpipe.core import paths
from ganpipe.core.errors import GanpipeError
from ganpipe.sampling.grids import as_picture
from ganpipe.storage.files import atomic_path

LONGEST = 60  # pictures of a film of the training; of more, every second, third, ... is shown
REST = 5  # times a picture's duration that the first and the last one stand
OPTIONS: dict[str, dict[str, Any]] = {  # by suffix
    ".gif": {"format": "GIF"},
    ".webp": {"format": "WEBP", "lossless": True, "quality": 100, "method": 4},
}


def save_film(path: Path, frames: Sequence[np.ndarray], milliseconds: int) -> None:
    """Write ``frames``, uint8 (H, W, 1 or 3) of one shape, as a .gif or a .webp file, atomically.

    Each frame stands for ``milliseconds``, the first and the last for REST times as long. The same
    frames give the same bytes. Greys are kept as they are; a GIF shows the nearest of 256 colours.
    """
    pictures = [as_picture(frame) for frame in frames]
    durations = [milliseconds] * len(pictures)
    durations[0] = durations[-1] = REST * milliseconds
    with atomic_path(path) as temporary:
        pictures[0].save(
            temporary,
            **OPTIONS[path.suffix],
            save_all=True,
            append_images=pictures[1:],
            duration=durations if len(pictures) > 1 else durations[0],
            loop=0,
        )


def progress_frames(folder: Path = paths.PROGRESS) -> dict[int, np.ndarray]:
    """The grids that training left in ``folder``, by the images that it had seen, in the order of
    time: uint8 (H, W, 1 or 3).

    Those of several samplers at one time stand below each other. Raises GanpipeError where there
    are none.
    """
    times: dict[int, list[Path]] = {}
    for file in sorted(folder.glob("*.png")):
        times.setdefault(int(file.stem.split("_")[0]), []).append(file)
    if not times:
        raise GanpipeError(f"{folder} holds no pictures; `dvc repro train` draws them")
    step = -(-len(times) // LONGEST)
    return {time: _stacked(times[time]) for time in list(times)[::-step][::-1]}


def _stacked(files: list[Path]) -> np.ndarray:
    """Pictures of one width below each other, in colour where one is."""
    pictures = []
    for file in files:
        with Image.open(file) as picture:
            pictures.append(picture.copy())
    colour = any(picture.mode != "L" for picture in pictures)
    pixels = [np.asarray(each.convert("RGB" if colour else "L")) for each in pictures]
    stacked = np.concatenate(pixels)
    return stacked if colour else stacked[:, :, None]


def there_and_back(frames: Sequence[np.ndarray]) -> list[np.ndarray]:
    """``frames`` and then those between its ends in the reverse order: a film without a jump."""
    return [*frames, *frames[-2:0:-1]]
