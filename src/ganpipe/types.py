"""The few types that data, networks, objectives, methods and metrics share."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

if TYPE_CHECKING:  # stages that need no torch read DataSpec without paying for its import
    import numpy as np
    from torch import Tensor
    from torch.optim import Optimizer

Pixels = TypeVar("Pixels", "np.ndarray", "Tensor")


def halvings(image_size: int) -> tuple[int, int]:
    """The base, the smallest side of at least 4 pixels that halving ``image_size`` leads to, and
    how many halvings that takes: 28 -> (7, 2), 32 -> (4, 3)."""
    count = 0
    while image_size % 2 == 0 and image_size // 2 >= 4:
        image_size //= 2
        count += 1
    return image_size, count


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


@dataclass(frozen=True)
class Batch:
    """What a method sees of the data in one update."""

    real: Tensor  # (N, C, H, W) float32 in [-1, 1]: what the generator imitates
    label: Tensor | None = None  # (N,) int64 in [0, classes)
    source: Tensor | None = None  # (N, C, H, W) float32 in [-1, 1]: what the generator translates


class Loss(NamedTuple):
    """``total`` is backpropagated; ``parts`` are detached scalars to be logged."""

    total: Tensor
    parts: dict[str, Tensor]


class Moment(NamedTuple):
    """When in a run an update happens; schedules are functions of it and carry nothing."""

    step: int  # generator updates before this one
    update: int  # discriminator updates before this one
    progress: float  # share of the run's generator updates that is done, in [0, 1)
    d_optimizer: Optimizer | None = None  # for games that look its updates ahead
