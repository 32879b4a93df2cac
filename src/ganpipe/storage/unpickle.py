"""Unpickling that can build NumPy arrays and nothing else."""

from __future__ import annotations

import pickle
from typing import IO, Any

import numpy as np

# The function that array pickles name has moved between NumPy versions; this is its present self.
_RECONSTRUCT = np.empty(0).__reduce__()[0]

_ALLOWED = {
    ("numpy.core.multiarray", "_reconstruct"): _RECONSTRUCT,
    ("numpy._core.multiarray", "_reconstruct"): _RECONSTRUCT,
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
}


class _ArrayUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        """Refuse every global but those that rebuild an array."""
        try:
            return _ALLOWED[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"names {module}.{name}, which is refused") from None


def load_arrays(source: IO[bytes], encoding: str) -> Any:
    """Lists, dicts, strings, numbers and NumPy arrays from a pickle.

    ``encoding`` is that of Python 2 strings: ``latin1`` where arrays are in them, ``bytes`` to
    keep them. Raises pickle.UnpicklingError where the pickle names anything else.
    """
    return _ArrayUnpickler(source, encoding=encoding).load()
