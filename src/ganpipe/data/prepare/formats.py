"""The file formats of the public datasets, decoded and checked."""

from __future__ import annotations

import io
import struct
import tarfile
import zlib
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ganpipe.core.errors import GanpipeError
from ganpipe.data.catalog import Official, stored_name
from ganpipe.storage.unpickle import load_arrays

CIFAR_FOLDER = "cifar-10-batches-py"
CIFAR_TRAIN = [f"data_batch_{k}" for k in range(1, 6)]
CIFAR_TEST = ["test_batch"]
MAX_BATCH_BYTES = 1 << 26  # an official batch has 31 MB


class Split(NamedTuple):
    """Images at their native size and their labels."""

    images: np.ndarray  # (N, C, H, W) uint8
    labels: np.ndarray  # (N,) int64 in [0, classes)


class DamagedError(Exception):
    """What is wrong with a file, as a clause after its name."""


def read_official(official: Official, raw: Path) -> dict[str, Split]:
    """The splits `train` and `test` of a public dataset from ``data/raw``.

    Raises GanpipeError where a file is missing or holds anything but the expected number of
    images, their shape and labels in range.
    """
    names = [stored_name(file) for file in official.files]
    read = _read_cifar if len(names) == 1 else _read_idx
    try:
        splits = read(raw, names)
        for name, count in (("train", official.num_train), ("test", official.num_test)):
            _check(name, splits[name], count, official)
    except FileNotFoundError as error:
        raise GanpipeError(
            f"{error.filename} is missing; the stage 'download' writes it: run `dvc repro`"
        ) from None
    except DamagedError as error:
        raise GanpipeError(f"{raw} is damaged: {error}; delete it and run `dvc repro`") from None
    return splits


def _check(name: str, split: Split, count: int, official: Official) -> None:
    side = official.native_size
    wanted = (count, official.channels, side, side)
    if split.images.shape != wanted:
        raise DamagedError(f"the {name} images have the shape {split.images.shape}, not {wanted}")
    if split.labels.shape != (count,):
        raise DamagedError(f"there are {split.labels.size} {name} labels for {count} images")
    if split.labels.min() < 0 or split.labels.max() >= len(official.classes):
        raise DamagedError(f"a {name} label is outside 0..{len(official.classes) - 1}")


def _read_idx(raw: Path, names: list[str]) -> dict[str, Split]:
    arrays = [read_idx(raw / name) for name in names]
    return {
        "train": Split(arrays[0][:, None], arrays[1].astype(np.int64)),
        "test": Split(arrays[2][:, None], arrays[3].astype(np.int64)),
    }


def read_idx(path: Path) -> np.ndarray:
    """An idx file of unsigned bytes (http://yann.lecun.com/exdb/mnist): two zero bytes, the type
    (8), the number of dimensions, each dimension as a big-endian uint32, the data.

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


def _read_cifar(raw: Path, names: list[str]) -> dict[str, Split]:
    """CIFAR-10's archive of pickles, read without unpacking it to disk."""
    batches: dict[str, Split] = {}
    path = raw / names[0]
    try:
        with tarfile.open(path, "r|gz") as archive:
            for member in archive:
                folder, _, name = member.name.partition("/")
                if folder != CIFAR_FOLDER or name not in CIFAR_TRAIN + CIFAR_TEST:
                    continue
                if not member.isfile() or member.size > MAX_BATCH_BYTES:
                    raise DamagedError(f"{path.name} has no proper file {member.name}")
                batches[name] = _read_batch(archive, member)
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise DamagedError(f"{path.name} cannot be unpacked ({error})") from None
    if absent := [name for name in CIFAR_TRAIN + CIFAR_TEST if name not in batches]:
        raise DamagedError(f"{path.name} lacks {', '.join(absent)}")
    train = [batches[name] for name in CIFAR_TRAIN]
    return {
        "train": Split(*(np.concatenate(parts) for parts in zip(*train, strict=True))),
        "test": batches[CIFAR_TEST[0]],
    }


def _read_batch(archive: tarfile.TarFile, member: tarfile.TarInfo) -> Split:
    """One pickled batch: `data` (N, 3072) uint8, red then green then blue; `labels` a list."""
    source = archive.extractfile(member)
    assert source is not None  # as member.isfile()
    packed = io.BytesIO(source.read())
    try:
        content = load_arrays(packed, encoding="bytes")
        images = content[b"data"].reshape(-1, 3, 32, 32)
        labels = np.array(content[b"labels"], np.int64)
    except Exception as error:  # a damaged pickle raises nearly anything
        raise DamagedError(f"{member.name} is not a batch of CIFAR-10 ({error})") from None
    if images.dtype != np.uint8:
        raise DamagedError(f"{member.name} holds {images.dtype} where uint8 is right")
    return Split(images, labels)
