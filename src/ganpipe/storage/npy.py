"""Arrays in .npy files: written piece by piece, in bounded memory, and read with a check of shape.

Plain writes, not a memory map: a full disk is then an error, where a map would be killed.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.lib import format as npy_format

from ganpipe.core.errors import GanpipeError


class NpyWriter:
    """Appends rows to a new .npy file; a context manager that completes its header at the end."""

    def __init__(self, path: Path, row_shape: tuple[int, ...], dtype: type[np.generic]) -> None:
        self.rows = 0
        self._row_shape = row_shape
        self._dtype = np.dtype(dtype)
        self._file = path.open("wb")
        self._write_header()

    def __enter__(self) -> NpyWriter:
        return self

    def __exit__(self, *exception: object) -> None:
        # NumPy pads headers so that the number of rows can grow in place.
        self._file.seek(0)
        self._write_header()
        self._file.close()

    def append(self, rows: np.ndarray) -> None:
        """Write ``rows`` (n, *row_shape) behind those before."""
        if rows.shape[1:] != self._row_shape or rows.dtype != self._dtype:
            raise ValueError(f"{rows.dtype} {rows.shape} does not fit {self._row_shape}")
        self._file.write(np.ascontiguousarray(rows).data)
        self.rows += len(rows)

    def _write_header(self) -> None:
        header = {
            "descr": npy_format.dtype_to_descr(self._dtype),
            "fortran_order": False,
            "shape": (self.rows, *self._row_shape),
        }
        npy_format.write_array_header_1_0(self._file, header)


def read_npy(
    path: Path, made_by: str, shape: tuple[int | None, ...], dtype: type[np.generic], *, mmap: bool
) -> np.ndarray:
    """The array of ``shape``, in which None stands for any length, in a file that the stage
    ``made_by`` writes; read-only on disk, or in memory.

    Raises GanpipeError where it is missing, damaged, or of another shape or type.
    """
    try:
        array: np.ndarray = np.load(path, mmap_mode="r" if mmap else None, allow_pickle=False)
    except FileNotFoundError:
        raise GanpipeError(
            f"{path} is missing; the stage '{made_by}' writes it: run `dvc repro`"
        ) from None
    except (ValueError, EOFError) as error:
        raise damaged(path, str(error)) from None
    fits = len(array.shape) == len(shape) and all(
        wanted in (None, found) for wanted, found in zip(shape, array.shape, strict=True)
    )
    if not fits or array.dtype != dtype:
        wanted = str(shape).replace("None", "any")
        found = f"{array.dtype} {array.shape}"
        raise damaged(path, f"it holds {found}, not {np.dtype(dtype)} {wanted}")
    return array


def damaged(path: Path, what: str) -> GanpipeError:
    """The error for a file in a stage's folder that holds what it should not."""
    return GanpipeError(f"{path} is damaged ({what}); delete {path.parent} and run `dvc repro`")
