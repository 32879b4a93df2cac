"""List the blocks of params.yaml, or count one: ``ganpipe models dcgan -S generator.width=64``."""

from __future__ import annotations

import argparse
import json
import shlex
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, get_args

from ganpipe.cli.arguments import given
from ganpipe.cli.blocks import About, Changes, changed, comments, expected_spec, full_name
from ganpipe.cli.published import PUBLISHED
from ganpipe.core.errors import GanpipeError
from ganpipe.core.names import nearest
from ganpipe.data.config import DatasetName
from ganpipe.data.spec import DataSpec

if TYPE_CHECKING:
    from ganpipe.methods.size import Size
    from ganpipe.params import Params


@dataclass(frozen=True, kw_only=True)
class Count:
    """Facts about one block at certain sizes."""

    about: About
    spec: DataSpec
    players: dict[str, Size]
    changes: Changes


def main(options: argparse.Namespace) -> None:
    """Print the list, or one block. Raises GanpipeError for what a user can mend."""
    about = comments()
    _check(options, list(about))
    if options.block is None:
        _print_list(about, as_json=options.json)
        return
    from ganpipe.methods.size import sizes

    changes = _changes(options)
    params = changed(options.block, changes)
    spec = _with_source(expected_spec(params, options.classes), params)
    try:
        players = sizes(params.chosen_model, spec)
    except GanpipeError as error:
        if params.dataset == "folder" and not spec.target.classes:
            error = GanpipeError(f"{error}; here, --classes N counts for N of them")
        raise error from None
    found = Count(
        about=about.get(options.block, About()), spec=spec, players=players, changes=changes
    )
    if options.json:
        print(json.dumps(_object(options.block, found), indent=2))
    else:
        print("\n".join(_lines(options.block, found, published=options.paper)))


def fill(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add = parser.add_argument
    add(
        "block",
        type=given,
        nargs="?",
        metavar="NAME",
        help="count this block; without a name, list all",
    )
    add(
        "-S",
        "--set",
        dest="changes",
        type=_change,
        action="append",
        default=[],
        metavar="FIELD=VALUE",
        help="change a field of the block, such as generator.width=64; names that start with "
        "dataset, datasets, models or train are those of the whole file; may be repeated",
    )
    add("--paper", action="store_true", help="change the block to its published size")
    add("--dataset", choices=get_args(DatasetName), help="count for its images")
    add("--classes", type=int, metavar="N", help="classes of the dataset 'folder'")
    add("--json", action="store_true", help="print a JSON object; without NAME, a list of them")


def _change(text: str) -> tuple[str, Any]:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    name, equals, value = text.partition("=")  # `+` and `++` before the name are DVC's
    if not (name and equals):
        raise argparse.ArgumentTypeError(f"must be FIELD=VALUE, not '{text}'")
    try:
        return name.lstrip("+"), YAML(typ="safe", pure=True).load(value)
    except YAMLError:
        raise argparse.ArgumentTypeError(f"the value of {name} is no YAML: {value}") from None


def _check(options: argparse.Namespace, blocks: list[str]) -> None:
    """Raise GanpipeError for options that do not go together, and for an unknown block."""
    given = {
        "-S": options.changes,
        "--paper": options.paper,
        "--dataset": options.dataset,
        "--classes": options.classes is not None,
    }
    if options.block is None and any(given.values()):
        words = ", ".join(name for name, is_given in given.items() if is_given)
        raise GanpipeError(f"{words} without the name of a block; write ganpipe models NAME ...")
    if options.block is not None and options.block not in blocks:
        raise GanpipeError(
            f"there is no model '{options.block}'; {nearest(options.block, blocks, 'models')}"
        )
    if options.dataset and "dataset" in dict(options.changes):
        raise GanpipeError("--dataset and -S dataset=... name the same; leave out one")
    if options.paper and options.block not in PUBLISHED:
        raise GanpipeError(
            f"no published size of '{options.block}' is known; --paper is for "
            f"{', '.join(PUBLISHED)}"
        )


def _changes(options: argparse.Namespace) -> Changes:
    """The changes of the command line; what it names replaces what a publication sets, and another
    dataset the published one's fields."""
    named = {"dataset": options.dataset} if options.dataset else {}
    named |= dict(options.changes)
    if not options.paper:
        return named
    published = PUBLISHED[options.block].changes
    # A block of fields, as in DVC, replaces only those that it names.
    whole = [name for name, value in named.items() if not isinstance(value, dict)]
    replaced = [full_name(options.block, name) for name in whole]
    if named.get("dataset", published["dataset"]) != published["dataset"]:
        replaced.append(f"datasets.{published['dataset']}")
    kept = {
        name: value
        for name, value in published.items()
        if not _is_within(full_name(options.block, name), replaced)
    }
    return {**kept, **named}


def _is_within(name: str, others: Iterable[str]) -> bool:
    """Whether a field is one of ``others`` or lies below one."""
    return any(f"{name}.".startswith(f"{other}.") for other in others)


def _with_source(spec: DataSpec, params: Params) -> DataSpec:
    """The data of the chosen model, which start from pictures if it translates."""
    from ganpipe.data.source.build import with_source
    from ganpipe.data.source.config import Folder
    from ganpipe.methods.configs.translating import TranslatingConfig

    model = params.chosen_model
    if not isinstance(model, TranslatingConfig) or isinstance(model.source, Folder):
        return spec
    return with_source(spec, model.source)


def _print_list(about: dict[str, About], *, as_json: bool) -> None:
    if as_json:
        blocks = [{"block": name, **each._asdict()} for name, each in about.items()]
        print(json.dumps(blocks, indent=2))
        return
    width = max(map(len, about))
    for name, (purpose, paper, _) in about.items():
        print(f"{name:<{width}}  {purpose}{paper and f' ({paper})'}".rstrip())


def _object(block: str, found: Count) -> dict[str, Any]:
    """The content of `--json`."""
    published = PUBLISHED.get(block)
    return {
        "block": block,
        **found.about._asdict(),
        "dataset": found.spec.name,
        "image_shape": found.spec.target.image_shape,
        "classes": len(found.spec.target.classes) or None,  # null: not known
        "changes": found.changes,
        "players": {name: size._asdict() for name, size in found.players.items()},
        "published": asdict(published) if published else None,
    }


def _lines(block: str, found: Count, *, published: bool) -> Iterator[str]:
    """The text on one block."""
    purpose, paper, notes = found.about
    domain = found.spec.target
    classes = f"{len(domain.classes)} classes" if domain.classes else "classes not known"
    yield f"{block}: {purpose}"
    if paper:
        yield f"paper: {paper}"
    if notes:
        yield textwrap.fill(notes, 100)
    shape = " x ".join(map(str, domain.image_shape))
    padded = f" (padded from {domain.native_size})" if domain.padding else ""
    yield f"images: {found.spec.name}, {shape}{padded}, {classes}"
    for name, value in found.changes.items():
        yield f"changed: {name}={_word(value)}"
    yield f"\n{'player':<14}  {'parameters':>13}  {'FLOP of an image':>16}"
    for name, size in found.players.items():
        yield f"{name:<14}  {size.parameters:>13,}  {_quantity(size.flops):>16}"
    yield "FLOP: what one image takes in convolutions and matrices, 2 a multiply-add"
    if known := PUBLISHED.get(block):
        yield ""
        yield f"published: {known.source}"
        yield f"  {known.note}"
        if published:
            yield f"train it: {_command(block, found.changes)}"
        else:
            yield f"  count it: ganpipe models {block} --paper"


def _command(block: str, changes: Changes) -> str:
    """The line that trains a block with changes; `++` also adds fields that the block lacks."""
    words = ["dvc", "exp", "run", "-S", f"model={block}"]
    for name, value in changes.items():
        words += ["-S", f"++{full_name(block, name)}={_word(value)}"]
    return shlex.join(words)


def _word(value: Any) -> str:
    """A value as it is typed after ``-S NAME=``, here and in DVC."""
    if isinstance(value, dict):
        return f"{{{','.join(f'{name}:{_word(inner)}' for name, inner in value.items())}}}"
    if isinstance(value, list):
        return f"[{','.join(map(_word, value))}]"
    return value if isinstance(value, str) else json.dumps(value)


def _quantity(number: int) -> str:
    """Three digits and a unit: 9060352 -> ``9.06 M``."""
    value, unit = float(number), ""
    for prefix in ("k", "M", "G", "T"):
        if value < 999.5:
            break
        value, unit = value / 1000, f" {prefix}"
    return f"{value:.3g}{unit}"
