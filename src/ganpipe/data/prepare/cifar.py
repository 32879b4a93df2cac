"""Reader of the archive of CIFAR-10 for Python (https://www.cs.toronto.edu/~kriz/cifar.html)."""

from __future__ import annotations

import io
import tarfile
import zlib
from pathlib import Path

import numpy as np

from ganpipe.data.catalog import Official, stored_name
from ganpipe.data.prepare.split import DamagedError, Split
from ganpipe.storage.unpickle import load_arrays

FOLDER = "cifar-10-batches-py"
TRAIN = [f"data_batch_{k}" for k in range(1, 6)]
TEST = ["test_batch"]
MAX_BATCH_BYTES = 1 << 26  # an official batch has 31 MB


def read(official: Official, raw: Path) -> dict[str, Split]:
    """The splits `train` and `test`, read from the archive without unpacking it to disk.

    Raises DamagedError where it is damaged, FileNotFoundError where it is missing.
    """
    batches: dict[str, Split] = {}
    path = raw / stored_name(official.files[0])
    try:
        with tarfile.open(path, "r|gz") as archive:
            for member in archive:
                folder, _, name = member.name.partition("/")
                if folder != FOLDER or name not in TRAIN + TEST:
                    continue
                if not member.isfile() or member.size > MAX_BATCH_BYTES:
                    raise DamagedError(f"{path.name} has no proper file {member.name}")
                batches[name] = _read_batch(archive, member)
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise DamagedError(f"{path.name} cannot be unpacked ({error})") from None
    if absent := [name for name in TRAIN + TEST if name not in batches]:
        raise DamagedError(f"{path.name} lacks {', '.join(absent)}")
    train = [batches[name] for name in TRAIN]
    return {
        "train": Split(*(np.concatenate(parts) for parts in zip(*train, strict=True))),
        "test": batches[TEST[0]],
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
