"""The public datasets in miniature: the same formats, other content, its own checksums."""

from __future__ import annotations

import gzip
import hashlib
import io
import pickle
import struct
import tarfile
from dataclasses import replace

import numpy as np

from ganpipe.data.catalog import OFFICIAL, Official
from ganpipe.storage import download
from ganpipe.storage.remote import RemoteFile

TRAIN, TEST = 20, 10


def md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def idx(array: np.ndarray) -> bytes:
    header = bytes([0, 0, 8, array.ndim]) + b"".join(struct.pack(">I", n) for n in array.shape)
    return header + array.astype(np.uint8).tobytes()


def arrays(count: int, *shape: int) -> tuple[np.ndarray, np.ndarray]:
    """Noise of the full range, and every label in turn."""
    rng = np.random.default_rng(count)
    images = rng.integers(0, 256, (count, *shape), dtype=np.uint8)
    images.flat[:2] = 0, 255
    return images, np.arange(count) % 10


def mnist_contents() -> dict[str, bytes]:
    """Official names (without .gz) and idx files."""
    contents = {}
    for prefix, count in (("train", TRAIN), ("t10k", TEST)):
        images, labels = arrays(count, 28, 28)
        contents[f"{prefix}-images-idx3-ubyte"] = idx(images)
        contents[f"{prefix}-labels-idx1-ubyte"] = idx(labels)
    return contents


def mnist_files() -> dict[str, bytes]:
    """What a mirror holds: the same, gzipped at some level of its own."""
    return {f"{name}.gz": gzip.compress(data, 3) for name, data in mnist_contents().items()}


def cifar_batch(images: np.ndarray, labels: np.ndarray) -> bytes:
    content = {b"data": images.reshape(len(images), -1), b"labels": labels.tolist()}
    return pickle.dumps(content, protocol=4)


def cifar_archive(**changes: bytes) -> bytes:
    """cifar-10-python.tar.gz; ``changes`` replaces batches."""
    images, labels = arrays(TRAIN, 3, 32, 32)
    batches = {f"data_batch_{k + 1}": cifar_batch(images[k::5], labels[k::5]) for k in range(5)} | {
        "test_batch": cifar_batch(*arrays(TEST, 3, 32, 32)),
        "readme.html": b"hello",
    }
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w:gz") as archive:
        for name, data in (batches | changes).items():
            member = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return target.getvalue()


def tiny_mnist(*hosts: str) -> Official:
    """The table's entry for the tiny files."""
    files = tuple(
        RemoteFile(
            "mnist", f"{name}.gz", len(data), f"md5:{md5(data)}", hosts,
            gzipped=True, checksum_of_content=True,
        )
        for name, data in mnist_contents().items()
    )  # fmt: skip
    return replace(OFFICIAL["mnist"], files=files, num_train=TRAIN, num_test=TEST)


def tiny_cifar(content: bytes, *hosts: str) -> Official:
    """The table's entry for a tiny archive."""
    name = OFFICIAL["cifar10"].files[0].name
    file = RemoteFile("cifar10", name, len(content), f"md5:{md5(content)}", hosts)
    return replace(OFFICIAL["cifar10"], files=(file,), num_train=TRAIN, num_test=TEST)


def hurry(read_seconds: float = 5.0) -> None:
    """Less patience, for this process."""
    download.READ_SECONDS = read_seconds
    download.WINDOW_SECONDS = 0.3
    download.BACKOFF_SECONDS = 0.01


def install(*hosts: str, on_index: bool = False, read_seconds: float = 5.0) -> None:
    """Make the tiny MNIST the official one, for this process."""
    OFFICIAL["mnist"] = replace(tiny_mnist(*hosts), on_package_index=on_index)
    hurry(read_seconds)
