"""A batch in slices, whose gradients are accumulated: each needs the memory of its images alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from typing import Any

import torch
from torch import Tensor

from ganpipe.data.loading.batches import Batch
from ganpipe.methods.method import Context, Loss

Stream = Callable[[str], torch.Generator]  # a random stream by its purpose


def in_slices(context: Context, purpose: str, shared: Sequence[dict[str, Any]]) -> list[Context]:
    """The contexts of a turn on the slices of its batch; ``shared`` holds what the turns of a step
    share, slice by slice.

    The first slice has the turn's own random streams, so that a batch in one slice draws what it
    would draw without slices.
    """
    batches = sliced(context.batch, len(shared))
    streams = streams_of_slices(context.stream, len(shared))
    return [
        replace(context, batch=batch, stream=stream, rng=stream(purpose), shared=own)
        for batch, stream, own in zip(batches, streams, shared, strict=True)
    ]


def whole(contexts: Sequence[Context], batch: Batch) -> Context:
    """The context of what follows a turn that was played on slices of ``batch``.

    It is that of the only slice; or that of the first with the whole batch and with nothing shared,
    because what turns share belongs to a slice.
    """
    if len(contexts) == 1:
        return contexts[0]
    return replace(contexts[0], batch=batch, shared={})


def sliced(batch: Batch, count: int) -> list[Batch]:
    """``batch`` in ``count`` slices of equally many images, in order.

    Raises ValueError where that leaves images over.
    """
    if count == 1:
        return [batch]
    size, rest = divmod(len(batch.real), count)
    if rest:
        raise ValueError(f"{len(batch.real)} images cannot be cut into {count} equal slices")
    content = {field.name: getattr(batch, field.name) for field in fields(batch)}
    cut = {name: whole.split(size) for name, whole in content.items() if whole is not None}
    return [Batch(**{name: pieces[k] for name, pieces in cut.items()}) for k in range(count)]


def streams_of_slices(stream: Stream, count: int) -> list[Stream]:
    """The random streams of each slice: ``stream`` itself, and streams of purposes of their own."""

    def of(index: int) -> Stream:
        return lambda purpose: stream(f"{purpose}, slice {index}")

    return [stream, *(of(index) for index in range(1, count))]


def mean_loss(losses: Sequence[Loss]) -> Loss:
    """The mean over slices, of every part over the slices that log it."""
    names = dict.fromkeys(name for loss in losses for name in loss.parts)
    parts = {name: mean([x.parts[name] for x in losses if name in x.parts]) for name in names}
    return Loss(mean([loss.total for loss in losses]), parts)


def mean(values: Sequence[Tensor]) -> Tensor:
    """The mean of scalars."""
    return values[0] if len(values) == 1 else torch.stack(list(values)).mean()
