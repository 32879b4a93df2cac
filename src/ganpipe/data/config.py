"""Fields of params.yaml about data."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from ganpipe.core.schema import Strict
from ganpipe.data.sizes import halvings


def _trainable(size: int) -> int:
    """Refuse a size that halving does not bring down to a base of 4 to 7 pixels."""
    base, count = halvings(size)
    if base > 7 or count == 0:
        raise ValueError(
            f"{size} pixels cannot be reached by doubling a base of 4 to 7 pixels; "
            "use 28, 32, 48, 56, 64, 96, 112 or 128"
        )
    return size


ImageSize = Annotated[int, Field(ge=8, le=256), AfterValidator(_trainable)]


class PublicDataset(Strict):
    """A dataset with a fixed source; its images are square and all of one size."""

    image_size: ImageSize  # pixels a side, as trained; native is 28 (MNIST) or 32 (CIFAR-10)
    fit: Literal["pad", "resize"]  # how the native size becomes a larger image_size


def _fits(native: int) -> AfterValidator:
    """Refuse padding that would have to shrink or to be wider on one side."""

    def check(dataset: PublicDataset) -> PublicDataset:
        size = dataset.image_size
        if dataset.fit == "pad" and size < native:
            raise ValueError(
                f"pad cannot shrink {native} pixels to image_size {size}; set fit to resize"
            )
        if dataset.fit == "pad" and (size - native) % 2:
            raise ValueError(f"pad needs an even difference between {native} and {size} pixels")
        return dataset

    return AfterValidator(check)


def _ascending(levels: list[int]) -> list[int]:
    """Refuse a white that is not above black."""
    if levels[0] >= levels[1]:
        raise ValueError(f"must be black, then white above it, not {levels[0]} and {levels[1]}")
    return levels


Levels = Annotated[list[int], Field(min_length=2, max_length=2), AfterValidator(_ascending)]


class OwnImages(Strict):
    """Fields that all images of the user share."""

    path: str = Field(min_length=1)  # a directory, .zip or .tar(.gz|.bz2|.xz)
    test_fraction: float = Field(gt=0, lt=1)  # held out where there is no train/ and test/
    skip_damaged: bool  # skip and count damaged images instead of failing
    # Of grey images of more than 8 bits the values that become black and white; null: the full
    # range of the file's type (0 and 65535 of 16 bits).
    range: Levels | None = None


class FolderDataset(OwnImages):
    """The user's own images."""

    image_size: ImageSize  # shorter side resized to it, then the centre is cropped
    channels: Literal[1, 3]  # 1 grey, 3 RGB


class PairsDataset(OwnImages):
    """The user's own pictures to translate, A, and what they should become, B."""

    paired: bool  # each picture of A has a partner in B; false: two sets, of any numbers
    direction: Literal["a_to_b", "b_to_a"]  # which side is the source, and which the target
    # Shorter side resized to it, then the centre is cropped, alike on both sides. Translators take
    # any size.
    image_size: Annotated[int, Field(ge=8, le=512)]
    channels_a: Literal[1, 3]  # 1 grey, 3 RGB
    channels_b: Literal[1, 3]


class Datasets(Strict):
    """One block a dataset."""

    mnist: Annotated[PublicDataset, _fits(native=28)]
    fashion_mnist: Annotated[PublicDataset, _fits(native=28)]
    cifar10: Annotated[PublicDataset, _fits(native=32)]
    stacked_mnist: Annotated[PublicDataset, _fits(native=28)]
    folder: FolderDataset
    pairs: PairsDataset


DatasetConfig = PublicDataset | FolderDataset | PairsDataset
DatasetName = Literal["mnist", "fashion_mnist", "cifar10", "stacked_mnist", "folder", "pairs"]
