"""Blocks of params.yaml as the command line knows them: their comments, changes of their fields,
and the images that they would be trained on."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from ruamel.yaml import YAML

from ganpipe.core import paths
from ganpipe.core.errors import GanpipeError
from ganpipe.data.catalog import MADE_FROM, OFFICIAL
from ganpipe.data.config import FolderDataset, PairsDataset
from ganpipe.data.spec import DataSpec, Domain
from ganpipe.params import Params, check, load_params, read

WHOLE = ("dataset", "datasets", "models", "train")  # fields of params.yaml, not of a block
Changes = Mapping[str, Any]  # values by names, which are those of a block's fields or start so


class About(NamedTuple):
    """The comment under the name of a block, taken apart."""

    purpose: str = ""  # its first line
    paper: str = ""  # what stands in brackets at the end of that
    notes: str = ""  # the lines below


def comments() -> dict[str, About]:
    """The comments of the blocks of params.yaml; raises GanpipeError for a wrong file."""
    load_params()
    models = YAML().load(paths.PARAMS)["models"]
    return {name: _about(block.ca.comment) for name, block in models.items()}


def _about(comment: Any) -> About:
    """Take a comment apart, as ruamel keeps it: tokens before the first field are its second."""
    tokens = (comment[1] if comment else None) or []
    first, *others = [token.value.strip().lstrip("# ") for token in tokens] or [""]
    notes = " ".join(others)
    if in_brackets := re.search(r" \(([^()]*)\)$", first):
        return About(first[: in_brackets.start()], in_brackets[1], notes)
    return About(first, "", notes)


def changed(block: str, changes: Changes) -> Params:
    """The parameters with the block chosen and changed; raises GanpipeError for wrong fields."""
    content = read() | {"model": block}
    for name, value in changes.items():
        path = full_name(block, name)
        if path.startswith("models.") and path.split(".")[1] != block:
            raise GanpipeError(f"{path} is no field of {block}; name fields of that block")
        _set(content, path, value)
    return check(content, f"{paths.PARAMS} with the changes of the command line")


def full_name(block: str, name: str) -> str:
    """The path in params.yaml of a name of :data:`Changes`."""
    return name if name.split(".")[0] in WHOLE else f"models.{block}.{name}"


def _set(content: dict[str, Any], path: str, value: Any) -> None:
    *parents, last = path.split(".")
    holder: Any = content
    for depth, parent in enumerate(parents, start=1):
        holder = holder.setdefault(parent, {})
        if not isinstance(holder, dict):
            above = ".".join(parents[:depth])
            raise GanpipeError(f"{path}: {above} is {json.dumps(holder)}, which has no fields")
    holder[last] = _merged(holder.get(last), value)


def _merged(old: Any, new: Any) -> Any:
    """``new``; of two blocks both fields, as DVC merges them."""
    if not (isinstance(old, dict) and isinstance(new, dict)):
        return new
    return old | {name: _merged(old.get(name), value) for name, value in new.items()}


def expected_spec(params: Params, classes: int | None) -> DataSpec:
    """The chosen dataset as the stage `prepare` would describe it, whether it has run or not.

    ``classes`` is the number of classes of the user's own images, None if that is not known.
    Raises GanpipeError for a number that cannot be.
    """
    config, size = params.chosen_dataset, params.chosen_dataset.image_size
    if isinstance(config, FolderDataset):
        if classes is not None and classes < 2:
            raise GanpipeError(
                "--classes must be at least 2; leave it out where images have no classes, to which "
                "a single one amounts"
            )
        names = tuple(str(index) for index in range(classes or 0))
        return DataSpec(params.dataset, Domain(config.channels, size, size, names), 0, 0)
    if isinstance(config, PairsDataset):
        a, b = (Domain(each, size, size) for each in (config.channels_a, config.channels_b))
        source, target = (a, b) if config.direction == "a_to_b" else (b, a)
        spec = DataSpec(params.dataset, target, 0, 0, source=source, paired=config.paired)
    elif params.dataset in MADE_FROM:
        from ganpipe.data.prepare import stacked_mnist

        spec = stacked_mnist.describe(config)
    else:
        official = OFFICIAL[params.dataset]
        native = official.native_size if config.fit == "pad" else size
        domain = Domain(official.channels, native, size, official.classes)
        spec = DataSpec(params.dataset, domain, official.num_train, official.num_test)
    if classes is not None:
        known = len(spec.target.classes)
        has = f"; {params.dataset} has {known}" if known else ""
        raise GanpipeError(f"--classes is of the dataset 'folder'{has}")
    return spec
