"""Reader of the idx files of MNIST and its relatives."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np

from ganpipe.data.catalog import Official, stored_name
from ganpipe.data.prepare.split import DamagedError, Split


def read(official: Official, raw: Path) -> dict[str, Split]:
    """The splits `train` and `test`; of the files the first two are those of `train`.

    Raises DamagedError where a file is damaged, FileNotFoundError where it is missing.
    """
    arrays = [read_file(raw / stored_name(file)) for file in official.files]
    return {
        "train": Split(arrays[0][:, None], arrays[1].astype(np.int64)),
        "test": Split(arrays[2][:, None], arrays[3].astype(np.int64)),
    }


def read_file(path: Path) -> np.ndarray:
    """The array in an idx file of unsigned bytes (http://yann.lecun.com/exdb/mnist): two zero
    bytes, the type (8), the number of dimensions, each dimension as a big-endian uint32, the data.

    Raises DamagedError where the header and the length of the file do not agree.
    """
    data = path.read_bytes()
    dimensions = data[3] if len(data) > 3 and data[:3] == b"\0\0\x08" else 0
    start = 4 + 4 * dimensions
    if not 1 <= dimensions <= 4 or len(data) < start:
        raise DamagedError(f"{path.name} is not an idx file of bytes")
    shape = struct.unpack(f">{dimensions}I", data[4:start])
    if len(data) - start != int(np.prod(shape, dtype=object)):
        raise DamagedError(f"{path.name} has {len(data) - start} bytes of data for {shape}")
    return np.frombuffer(data, np.uint8, offset=start).reshape(shape)
