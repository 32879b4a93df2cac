"""The map of a kind of computed source, by its name: only the chosen one is imported; and its
domains."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType

from ganpipe.core.plugins import load
from ganpipe.data.source.config import ComputedSource
from ganpipe.data.spec import DataSpec, Domain

PACKAGE = "ganpipe.data.source.kinds"


def kind_name(kind: str) -> str:
    """The full name of the module of a kind."""
    return f"{PACKAGE}.{kind}"


def kind_module(kind: str) -> ModuleType:
    """The module of that name, imported: ``channels`` and ``translate``."""
    return load(PACKAGE, kind)


def with_source(spec: DataSpec, config: ComputedSource) -> DataSpec:
    """The data of a model that translates from ``config`` to the images of ``spec``.

    Both domains have their native size: translators take any size, so that nothing is padded. The
    number of training images is that of the targets. Raises GanpipeError where the images do not
    suit the kind of source.
    """
    size, paired = spec.target.native_size, config.paired
    channels: int = kind_module(config.kind).channels(spec.target.channels)
    counts = spec.target.class_counts if paired else ()
    target = Domain(spec.target.channels, size, size, spec.target.classes, counts)
    source = Domain(channels, size, size, spec.target.classes, counts)
    num_train = spec.num_train if paired else spec.num_train - spec.num_train // 2
    return replace(spec, target=target, num_train=num_train, source=source, paired=paired)
