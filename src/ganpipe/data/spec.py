"""The description of a prepared dataset, ``spec.json``; read without torch."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

Pixels = TypeVar("Pixels", "np.ndarray", "Tensor")


@dataclass(frozen=True)
class DataSpec:
    """What a prepared dataset is; stored beside it as ``spec.json``."""

    name: str  # the key under `datasets` in params.yaml
    image_size: int  # pixels a side, as trained
    channels: int  # 1 grey, 3 RGB
    classes: tuple[str, ...]  # names in label order; empty where the images carry no labels
    num_train: int
    num_test: int
    native_size: int  # pixels a side before padding; equal to image_size where nothing was padded
    class_counts: tuple[int, ...] = ()  # training images of each class; empty where not known

    @property
    def padding(self) -> int:
        """Pixels of padding on each side, to be cropped where images are shown or judged."""
        return (self.image_size - self.native_size) // 2

    def crop(self, images: Pixels) -> Pixels:
        """(..., image_size, image_size) images without the padding; a view."""
        inner = slice(self.padding, self.padding + self.native_size)
        return images[..., inner, inner]

    @property
    def shape(self) -> tuple[int, int, int]:
        """(channels, height, width) of one training image."""
        return (self.channels, self.image_size, self.image_size)

    def to_dict(self) -> dict[str, Any]:
        """A plain dict for JSON, read back by :meth:`from_dict`."""
        lists = {"classes": list(self.classes), "class_counts": list(self.class_counts)}
        return {**asdict(self), **lists}

    @staticmethod
    def from_dict(content: dict[str, Any]) -> DataSpec:
        """The inverse of :meth:`to_dict`."""
        tuples = {name: tuple(content[name]) for name in ("classes", "class_counts")}
        return DataSpec(**{**content, **tuples})
