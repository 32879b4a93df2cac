"""The description of a prepared dataset, ``spec.json``; read without torch."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

Pixels = TypeVar("Pixels", "np.ndarray", "Tensor")


@dataclass(frozen=True)
class Domain:
    """One kind of image: its shape, and its classes where it has any.

    Files, grids and metrics hold images of ``native_size``; networks see ``image_size``, to which
    the loader pads and from which a sampler crops.
    """

    __pydantic_config__: ClassVar[Any] = {
        "extra": "forbid",
        "strict": True,
    }  # where a configuration holds one

    channels: int  # 1 grey, 3 RGB
    native_size: int  # pixels a side, as stored, shown and evaluated
    image_size: int  # pixels a side, as networks see them; equal where nothing is padded
    classes: tuple[str, ...] = ()  # names in label order; empty where images carry no labels
    class_counts: tuple[int, ...] = ()  # training images of each class; empty where not known

    @property
    def padding(self) -> int:
        """Pixels of padding on each side between ``native_size`` and ``image_size``."""
        return (self.image_size - self.native_size) // 2

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(channels, height, width) of an image as networks see it."""
        return (self.channels, self.image_size, self.image_size)

    @property
    def native_shape(self) -> tuple[int, int, int]:
        """(channels, height, width) of an image as stored."""
        return (self.channels, self.native_size, self.native_size)

    def crop(self, images: Pixels) -> Pixels:
        """(..., image_size, image_size) images without the padding; a view."""
        inner = slice(self.padding, self.padding + self.native_size)
        return images[..., inner, inner]


@dataclass(frozen=True)
class DataSpec:
    """A prepared dataset: what a generator imitates and, for translations, what it starts from."""

    name: str  # the key under `datasets` in params.yaml
    target: Domain
    num_train: int
    num_test: int
    source: Domain | None = None
    paired: bool = False  # whether source image i shows the same as target image i
    # Of grey files of more than 8 bits the values that became black and white; None: none are given
    range: tuple[int, int] | None = None

    def to_dict(self) -> dict[str, Any]:
        """A plain dict for JSON, read back by :meth:`from_dict`."""
        content = asdict(self)
        for name in ("target", "source"):
            if content[name] is not None:
                content[name] = domain_to_dict(getattr(self, name))
        if self.range is None:
            del content["range"]  # as in descriptions that are older than the field
        return content

    @staticmethod
    def from_dict(content: dict[str, Any]) -> DataSpec:
        """The inverse of :meth:`to_dict`; raises KeyError or TypeError for other content."""
        source = content["source"]
        domains = {
            "target": domain_from_dict(content["target"]),
            "source": None if source is None else domain_from_dict(source),
        }
        given = {"range": tuple(content["range"])} if "range" in content else {}
        return DataSpec(**{**content, **domains, **given})


def domain_to_dict(domain: Domain) -> dict[str, Any]:
    """A plain dict for JSON, read back by :func:`domain_from_dict`."""
    lists = {"classes": list(domain.classes), "class_counts": list(domain.class_counts)}
    return {**asdict(domain), **lists}


def domain_from_dict(content: dict[str, Any]) -> Domain:
    """The inverse of :func:`domain_to_dict`; raises KeyError or TypeError for other content."""
    tuples = {name: tuple(content[name]) for name in ("classes", "class_counts")}
    return Domain(**{**content, **tuples})
