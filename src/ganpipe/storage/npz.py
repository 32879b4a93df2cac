"""Reading .npz archives that may be damaged or something else."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np

IMAGES = ("images", "arr_0")  # names of images in an .npz: ours, and that of np.savez(file, images)
DAMAGE = (ValueError, KeyError, TypeError, OSError, EOFError, zipfile.BadZipFile, zlib.error)


@contextmanager
def open_npz(path: Path) -> Iterator[Mapping[str, np.ndarray]]:
    """The arrays of an .npz by name, each read when it is asked for within the block.

    Raises FileNotFoundError, and ValueError with the reason for all else that keeps the block from
    its arrays.
    """
    try:
        content = np.load(path, allow_pickle=False)
        if not isinstance(content, np.lib.npyio.NpzFile):
            raise ValueError("it is a single array, not an .npz")
        with content:
            yield content
    except FileNotFoundError:
        raise
    except MemoryError:
        raise ValueError("it says that it holds more than fits into memory") from None
    except (*DAMAGE, NotImplementedError, RuntimeError) as error:
        raise ValueError(" ".join(str(error).split()) or type(error).__name__) from None


def arrays_in(path: Path) -> frozenset[str]:
    """The names of the arrays in an .npz; none of a damaged one."""
    try:
        with open_npz(path) as content:
            return frozenset(content)
    except ValueError:
        return frozenset()
