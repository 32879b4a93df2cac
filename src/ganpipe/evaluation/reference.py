"""Statistics of the real images under one extractor, as a file.

Its ``mu`` and ``sigma`` are what pytorch-fid reads and writes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ganpipe.core.errors import GanpipeError
from ganpipe.evaluation.protocol import versions
from ganpipe.evaluation.statistics import Statistics, collect
from ganpipe.features.extractor import Extractor, outputs
from ganpipe.metrics.kid import within
from ganpipe.metrics.moments import Gaussian
from ganpipe.metrics.neighbours import NEEDED, ball_radii, nearest
from ganpipe.runtime.seeding import make_rng
from ganpipe.storage.files import atomic_path
from ganpipe.storage.npz import open_npz

PIECE = 250  # images read at a time
ROUNDING = 1e-6  # of sigma's largest entry: what rounding, of float32 too, may do to it


@dataclass(frozen=True)
class Reference:
    """Statistics of real images; those from elsewhere have no more than the first field."""

    gaussian: Gaussian
    protocol: dict[str, Any]  # which images, which extractor
    features: Tensor | None = None  # (N, d) float32
    radii: Tensor | None = None  # (N, 2) float64, of neighbours.ball_radii; None of few features
    within: float | None = None  # mean kernel of pairs of them, of kid.within
    held_out: Tensor | None = None  # (K, d) float32: real images of the other split
    searched: Tensor | None = None  # (M, d) float32: training images searched for copies
    test_median: float | None = None  # squared distance of test images to the nearest of those
    labels: Tensor | None = None  # (N,) int64: the classes of `features`
    held_out_labels: Tensor | None = None  # (K,) int64: those of `held_out`


def fixed_order(available: int) -> np.ndarray:
    """A random order of a split's images, the same for everybody: a folder's are sorted by class,
    and the first n in this order are a fair sample for every n."""
    rng = make_rng("cpu", 0, "order of the reference", available)
    return torch.randperm(available, generator=rng).numpy()


def pieces(images: np.ndarray, chosen: np.ndarray) -> Iterator[Tensor]:
    """The ``chosen`` of (N, C, h, w) uint8 images, possibly memory-mapped, a few at a time."""
    for start in range(0, len(chosen), PIECE):
        yield torch.from_numpy(np.ascontiguousarray(images[chosen[start : start + PIECE]]))


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """Numbers of images, and how many pass through the extractor at a time."""

    num_reference: int
    max_features: int  # of each split
    max_searched: int
    batch_size: int


def reference_of(
    extractor: Extractor,
    images: dict[str, np.ndarray],
    *,
    split: str,
    sizes: Sizes,
    protocol: dict[str, Any],
    labels: Mapping[str, np.ndarray | None] | None = None,
) -> Reference:
    """Statistics of ``images[split]``, uint8 (N, C, h, w), to compare generated images with.

    ``images`` holds the splits "train" and "test". The other one is held out, for the floor, and
    both serve the search for copies. ``labels`` (N,), where they are known, are kept beside the
    features if the extractor knows the classes. Raises GanpipeError for fewer than two images.
    """
    order = {name: fixed_order(len(array)) for name, array in images.items()}

    def first(wanted: int, name: str) -> Statistics:
        chosen = order[name][:wanted]
        return collect(
            extractor,
            pieces(images[name], chosen),
            num=len(chosen),
            max_features=sizes.max_features,
            batch_size=sizes.batch_size,
        )

    def labels_of(name: str, features: Tensor) -> Tensor | None:
        known = labels.get(name) if labels and extractor.training_share else None
        return None if known is None else torch.from_numpy(known[order[name][: len(features)]])

    real = first(sizes.num_reference, split)
    reference = make_reference(extractor, real, protocol | {"split": split})
    reference = replace(reference, labels=labels_of(split, real.features))
    if min(map(len, images.values())) < 2:
        return reference
    other = "test" if split == "train" else "train"
    held_out = first(sizes.max_features, other)
    reference = replace(
        reference, held_out=held_out.features, held_out_labels=labels_of(other, held_out.features)
    )
    train, test = (real, held_out) if split == "train" else (held_out, real)
    searched = order["train"][: sizes.max_searched]
    known = train.features[: len(searched)]
    rest = pieces(images["train"], searched[len(known) :])
    more = [output.features for output in outputs(extractor, rest, sizes.batch_size)]
    return with_search(
        reference, torch.cat([known, *more]), test.features, num_train=len(images["train"])
    )


def about(extractor: Extractor, real: Statistics) -> dict[str, Any]:
    """Record of the extractor, the number of real images, the device and the versions."""
    made_with = ", ".join(f"{name} {version}" for name, version in versions().items())
    made = {"made_on": extractor.device.type, "made_with": made_with}
    return {**extractor.protocol, "num_real": real.num, **made}


def make_reference(extractor: Extractor, real: Statistics, protocol: dict[str, Any]) -> Reference:
    """The reference that one pass of real images gives."""
    return Reference(
        real.gaussian(),
        {**about(extractor, real), **protocol, "num_features": len(real.features)},
        real.features,
        ball_radii(real.features) if len(real.features) >= NEEDED else None,
        within(real.features.double()),
    )


def with_search(
    reference: Reference, searched: Tensor, test_features: Tensor, *, num_train: int
) -> Reference:
    """Add the features of some of ``num_train`` training images, and how near to them test images
    come by chance."""
    median = float(np.median(nearest(test_features, searched)[0].numpy()))
    sizes = {"num_searched": len(searched), "num_train": num_train}
    protocol = {**reference.protocol, **sizes}
    return replace(reference, searched=searched, test_median=median, protocol=protocol)


def save_reference(path: Path, reference: Reference) -> None:
    """Write the .npz, atomically; the same content gives the same bytes."""
    arrays: dict[str, Any] = {
        each.name: np.asarray(value)
        for each in fields(reference)
        if each.name not in ("gaussian", "protocol")
        and (value := getattr(reference, each.name)) is not None
    }
    with atomic_path(path) as temporary, temporary.open("wb") as target:
        np.savez(
            target,
            mu=reference.gaussian.mu,
            sigma=reference.gaussian.sigma,
            protocol=np.array(json.dumps(reference.protocol)),
            **arrays,
        )


def load_reference(path: Path) -> Reference:
    """Read what :func:`save_reference` or pytorch-fid wrote; the latter's has an empty protocol.

    Raises GanpipeError where it is missing or damaged.
    """
    try:
        with open_npz(path) as content:
            protocol = json.loads(str(content["protocol"])) if "protocol" in content else {}
            if not isinstance(protocol, dict):
                raise ValueError("its protocol is not an object of JSON")
            gaussian = _gaussian(content["mu"], content["sigma"], protocol.get("num_real"))
            tensors = {
                name: _rows(name, content[name], len(gaussian.mu))
                for name in ("features", "held_out", "searched")
                if name in content
            }
            if "radii" in content:
                tensors["radii"] = _rows("radii", content["radii"], 2)
                if len(tensors["radii"]) != len(tensors.get("features", ())):
                    raise ValueError("features and radii differ in number")
            for name, of in (("labels", "features"), ("held_out_labels", "held_out")):
                if name in content:
                    tensors[name] = _labels(name, content[name], len(tensors.get(of, ())))
            numbers = {
                name: float(content[name]) for name in ("within", "test_median") if name in content
            }
            if not np.isfinite(list(numbers.values())).all():
                raise ValueError("it holds NaN or infinity")
    except FileNotFoundError:
        raise GanpipeError(
            f"{path} is missing; the stage 'reference' writes it where evaluate.extractors names "
            "that extractor: run `dvc repro`"
        ) from None
    except ValueError as error:
        raise GanpipeError(
            f"{path} is not a whole file of reference statistics ({error}); make it again: delete "
            "it and run `dvc repro`, or request the file again from its source"
        ) from None
    return Reference(gaussian, protocol, **tensors, **numbers)  # type: ignore[arg-type]


def _gaussian(mu: np.ndarray, sigma: np.ndarray, num: Any) -> Gaussian:
    if mu.ndim != 1 or not len(mu) or sigma.shape != (len(mu), len(mu)):
        raise ValueError(f"mu has the shape {mu.shape} and sigma {sigma.shape}")
    if np.iscomplexobj(mu) or np.iscomplexobj(sigma):
        raise ValueError("mu or sigma is complex")
    mu, sigma = mu.astype(np.float64), sigma.astype(np.float64)
    if not (np.isfinite(mu).all() and np.isfinite(sigma).all()):
        raise ValueError("it holds NaN or infinity")
    if num is not None and (type(num) is not int or num < 2):
        raise ValueError(f"its protocol says that it is of {num!r} images")
    _check_covariance(sigma)
    return Gaussian(mu, sigma, num)


def _check_covariance(sigma: np.ndarray) -> None:
    """Raise ValueError for a finite (d, d) matrix that can be no covariance: the distance to it
    could come out as 0."""
    allowed = ROUNDING * np.abs(sigma).max(initial=0)
    if np.abs(sigma - sigma.T).max(initial=0) > allowed:
        raise ValueError("sigma is not symmetric")
    if sigma.any():
        try:
            np.linalg.cholesky(sigma + allowed * len(sigma) ** 0.5 * np.eye(len(sigma)))
        except np.linalg.LinAlgError:
            raise ValueError("sigma has a negative variance in some direction") from None


def _rows(name: str, rows: np.ndarray, width: int) -> Tensor:
    if rows.ndim != 2 or rows.shape[1] != width or not len(rows):
        raise ValueError(f"{name} has the shape {rows.shape}, not (1 or more, {width})")
    if not np.isfinite(rows).all():
        raise ValueError(f"{name} holds NaN or infinity")
    return torch.from_numpy(rows)


def _labels(name: str, labels: np.ndarray, num: int) -> Tensor:
    if labels.shape != (num,) or labels.dtype != np.int64 or labels.min(initial=0) < 0:
        raise ValueError(f"{name} are {labels.dtype} {labels.shape}, not {num} classes")
    return torch.from_numpy(labels)
