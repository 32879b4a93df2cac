"""Films of grids."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageSequence

from ganpipe.core.errors import GanpipeError
from ganpipe.sampling.film import LONGEST, REST, progress_frames, save_film, there_and_back

RNG = np.random.default_rng(0)
GREY = [RNG.integers(0, 256, (6, 10, 1), dtype=np.uint8) for _ in range(3)]
COLOUR = [RNG.integers(0, 256, (6, 10, 3), dtype=np.uint8) for _ in range(3)]  # 60 colours each


@pytest.mark.parametrize("suffix", [".gif", ".webp"])
@pytest.mark.parametrize("frames", [GREY, COLOUR], ids=["grey", "colour"])
def test_every_frame_comes_back_in_its_time(
    tmp_path: Path, suffix: str, frames: list[np.ndarray]
) -> None:
    save_film(tmp_path / f"film{suffix}", frames, milliseconds=50)
    durations = []
    with Image.open(tmp_path / f"film{suffix}") as film:
        assert film.info["loop"] == 0
        for frame, picture in zip(frames, ImageSequence.Iterator(film), strict=True):
            shown = np.asarray(picture.convert("RGB"))
            assert np.array_equal(shown, np.broadcast_to(frame, shown.shape))
            durations.append(picture.info["duration"])
    assert durations == [REST * 50, 50, REST * 50]
    save_film(tmp_path / f"again{suffix}", frames, milliseconds=50)
    assert (tmp_path / f"again{suffix}").read_bytes() == (tmp_path / f"film{suffix}").read_bytes()


def test_a_film_of_one_frame(tmp_path: Path) -> None:
    save_film(tmp_path / "film.gif", GREY[:1], milliseconds=50)
    with Image.open(tmp_path / "film.gif") as film:
        assert np.array_equal(np.asarray(film.convert("L"))[..., None], GREY[0])


def test_back_again_without_a_jump() -> None:
    assert [int(each[0]) for each in there_and_back([np.array([n]) for n in range(4)])] == [
        0, 1, 2, 3, 2, 1,
    ]  # fmt: skip


def save(folder: Path, name: str, value: int | tuple[int, int, int]) -> None:
    mode = "L" if isinstance(value, int) else "RGB"
    Image.new(mode, (4, 2), value).save(folder / f"{name}.png")


def test_pictures_of_one_time_stand_below_each_other(tmp_path: Path) -> None:
    save(tmp_path, "000000064", 3)
    save(tmp_path, "000000064_b_to_a", (1, 2, 3))
    save(tmp_path, "000000000", 5)
    save(tmp_path, "000000000_b_to_a", (4, 5, 6))
    frames = progress_frames(tmp_path)
    assert list(frames) == [0, 64]
    first, second = frames.values()
    assert first.shape == second.shape == (4, 4, 3)
    assert first[:, 0].tolist() == [[5] * 3] * 2 + [[4, 5, 6]] * 2
    assert second[:, 0].tolist() == [[3] * 3] * 2 + [[1, 2, 3]] * 2


def test_a_long_training_is_thinned_and_ends_with_its_end(tmp_path: Path) -> None:
    for time in range(2 * LONGEST + 1):
        save(tmp_path, f"{time:09d}", time)
    values = {time: int(frame[0, 0, 0]) for time, frame in progress_frames(tmp_path).items()}
    assert values == {time: time for time in range(0, 2 * LONGEST + 1, 3)}


def test_no_pictures_are_a_mistake_of_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(GanpipeError, match="holds no pictures; `dvc repro train` draws them"):
        progress_frames(tmp_path)
