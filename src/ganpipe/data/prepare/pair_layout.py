"""The sides, splits and partners of the user's own pairs, from the names of folders and files."""

from __future__ import annotations

import logging
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePath
from typing import Literal, NamedTuple

from ganpipe.core.errors import GanpipeError
from ganpipe.data.loading.arrays import SplitName
from ganpipe.data.prepare.layout import (
    ROLES,
    Image,
    check_classes,
    file_by_file,
    hold_out,
    names_in,
    top_folder,
)
from ganpipe.data.prepare.unnamed_sides import refuse_unnamed_sides

log = logging.getLogger(__name__)

Side = Literal["a", "b"]
SIDES: tuple[Side, Side] = ("a", "b")
LEAST = (2, 2)  # pictures of each side for training, and held out
# The name of a folder that is a split, a side, or both: train, A, trainB, test_a.
TOKEN = re.compile(
    rf"(?P<split>{'|'.join(ROLES)})(?:[ _.-]?(?P<side>[ab]))?"
    r"|(?P<alone>[ab])",
    re.IGNORECASE,
)
WHERE = "A and B, or trainA and trainB, or A and B within train, or train within A and B"


class Item(NamedTuple):
    """Files that are decoded together: a pair, a file that holds both sides, or a single one."""

    files: tuple[str, ...]  # relative to data/raw, in the order of the sides
    key: str  # its name in its split, without folders of splits and sides
    label: str  # its class; empty where there are none


class Group(NamedTuple):
    """Items that are of the same sides."""

    sides: tuple[Side, ...]
    splits: dict[SplitName, list[Item]]  # sorted by key


class Layout(NamedTuple):
    """The items of data/raw, and how files hold their sides."""

    side_by_side: bool  # a file holds A, its left half, and B
    groups: list[Group]  # one of pairs; without pairs one for each side


class _Placed(NamedTuple):
    """A file, and what its folders say of it."""

    name: str
    split: str  # a value of ROLES; empty where no folder says so
    side: str  # a or b; empty likewise
    rest: str  # the path below those folders


def find_pairs(raw: Path, test_fraction: float, *, paired: bool) -> Layout:
    """The pictures of A and B in both splits; what was found is logged.

    A single folder at the top that holds everything is looked through. Folders called A and B, or
    with the name of a split before (``trainA``), are the sides, above or below those of splits;
    without them each picture holds A and B side by side. Of pairs, partners have the same path
    without its suffix, and without ``_A`` or ``_B`` where all of a side end so. Without splits a
    share is held out by a hash of the name, the same for both partners.

    Raises GanpipeError, with the names of the files, for pictures on neither side, outside the
    splits, without a partner or with two, for a side without pictures in a split, for pictures that
    hold both sides where there are to be no pairs, and for folders that look like sides but are not
    called so.
    """
    placed = _place_all(names_in(raw))
    sides = {each.side for each in placed}
    if sides == {""}:
        if not paired:
            raise GanpipeError(
                "datasets.pairs.paired is false, but no folder is a side, so that each picture "
                f"holds A and B side by side, which is a pair; name the folders {WHERE}, or set "
                "it to true (source.paired of a model, false, hides pairs from the training)"
            )
    elif outside := [each.name for each in placed if not each.side]:
        raise GanpipeError(
            f"{_pictures(outside)} on neither side:{file_by_file(outside)}\nThe sides are folders "
            f"called {WHERE}; put them there, or elsewhere."
        )
    given = _by_split(placed)
    if sides == {""}:
        refuse_unnamed_sides([(each.split, each.rest) for each in placed])
        groups = [_alone(given, SIDES, test_fraction)]
        log.info("no folder is a side: of each picture the left half is A, and the right half is B")
    elif paired:
        groups = [_partners(given, test_fraction)]
    else:
        groups = [_alone(given, (side,), test_fraction) for side in SIDES]
    groups = [_classified(group) for group in groups]
    for group in groups:
        what = "pairs" if paired else f"pictures of {group.sides[0].upper()}"
        what = "pictures that hold A and B side by side" if sides == {""} else what
        train, test = (len(group.splits[split]) for split in ("train", "test"))
        log.info(f"{what}: {train:,} for training and {test:,} held out")
    return Layout(sides == {""}, groups)


def _classified(group: Group) -> Group:
    """The group without labels where they are no classes, as those of a folder of images."""
    images: dict[str, list[Image]] = {
        split: [Image(item.key, item.label) for item in items]
        for split, items in group.splits.items()
    }
    labels = {split: [each.label for each in part] for split, part in check_classes(images).items()}
    splits: dict[SplitName, list[Item]] = {
        split: [
            item._replace(label=label) for item, label in zip(items, labels[split], strict=True)
        ]
        for split, items in group.splits.items()
    }
    return Group(group.sides, splits)


def _place_all(names: Sequence[str]) -> list[_Placed]:
    root = ""
    while len(tops := {top_folder(name, root) for name in names}) == 1:
        top = tops.pop()
        if not top or TOKEN.fullmatch(top):
            break
        root += f"{top}/"
    return [_place(name, name.removeprefix(root)) for name in names]


def _place(name: str, inside: str) -> _Placed:
    *folders, file = inside.split("/")
    split = side = ""
    depth = 0
    for folder in folders:
        found = TOKEN.fullmatch(folder)
        if found is None:
            break
        of_split = ROLES[found["split"].lower()] if found["split"] else ""
        of_side = (found["side"] or found["alone"] or "").lower()
        if (split and of_split) or (side and of_side):
            break
        split, side, depth = split or of_split, side or of_side, depth + 1
    return _Placed(name, split, side, "/".join([*folders[depth:], file]))


def _by_split(placed: Sequence[_Placed]) -> dict[SplitName, list[_Placed]]:
    """The pictures of `train` and `test` as folders say; all are of `train` where none does.

    Raises GanpipeError where some lie outside the splits, and where a side is empty in one.
    """
    roles = {each.split for each in placed}
    held_out = "test" if "test" in roles else "val"
    if roles == {""} or roles == {"train"}:
        given: dict[SplitName, list[_Placed]] = {"train": list(placed)}
    elif outside := [each.name for each in placed if not each.split]:
        raise GanpipeError(
            f"{_pictures(outside)} outside the folders of splits:{file_by_file(outside)}\nPut "
            "them into train or test (or val), or away."
        )
    else:
        given = {
            "train": [each for each in placed if each.split == "train"],
            "test": [each for each in placed if each.split == held_out],
        }
        if unused := len(placed) - sum(map(len, given.values())):
            log.warning(f"{unused:,} pictures of val are not used: those of test are held out")
    sides = SIDES if placed[0].side else ("",)
    empty = [
        f"{split} {side.upper()}".strip()
        for split, part in given.items()
        for side in sides
        if not any(each.side == side for each in part)
    ]
    if empty:
        count = Counter(PurePath(each.name).parent.as_posix() for each in placed)
        found = [f"{folder}: {number:,}" for folder, number in sorted(count.items())]
        raise GanpipeError(
            f"there are no pictures of {' and of '.join(empty)}; found were{file_by_file(found)}"
            f"\nThe folders are called {WHERE}, and likewise test (or val)."
        )
    return given


def _alone(
    given: dict[SplitName, list[_Placed]], sides: tuple[Side, ...], fraction: float
) -> Group:
    """An item for each file: of one of the ``sides``, or of both that it holds."""
    splits: dict[SplitName, list[Item]] = {}
    for split, part in given.items():
        files = [each for each in part if not each.side or each.side in sides]
        _refuse_doubles(_by_key((each.rest, each.name) for each in files))
        splits[split] = [Item((each.name,), each.rest, top_folder(each.rest)) for each in files]
    return Group(sides, _held_out(splits, fraction))


def _partners(given: dict[SplitName, list[_Placed]], fraction: float) -> Group:
    """The pairs; raises GanpipeError for pictures that have no partner, or two."""
    everything = [each for part in given.values() for each in part]
    endings = {side: _ending(everything, side) for side in SIDES}
    splits: dict[SplitName, list[Item]] = {}
    lonely: list[str] = []
    for split, part in given.items():
        a, b = (
            _by_key(
                (_stem(each.rest).removesuffix(endings[side]), each.name)
                for each in part
                if each.side == side
            )
            for side in SIDES
        )
        _refuse_doubles(a)
        _refuse_doubles(b)
        lonely += [(a | b)[key][0] for key in sorted(a.keys() ^ b.keys())]
        keys = sorted(a.keys() & b.keys())
        splits[split] = [Item((a[key][0], b[key][0]), key, top_folder(key)) for key in keys]
    if lonely:
        count = "a picture has" if len(lonely) == 1 else f"{len(lonely):,} pictures have"
        raise GanpipeError(
            f"{count} no partner of the same name on the other side:{file_by_file(lonely)}\nAdd "
            "the partners or remove these; of two sets without pairs, which cyclegan learns from, "
            "set datasets.pairs.paired to false."
        )
    return Group(SIDES, _held_out(splits, fraction))


def _by_key(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Files by the key that they come with."""
    found: dict[str, list[str]] = defaultdict(list)
    for key, name in pairs:
        found[key].append(name)
    return found


def _refuse_doubles(files: dict[str, list[str]]) -> None:
    """Raise GanpipeError for files that have the same key."""
    if double := [name for names in files.values() if len(names) > 1 for name in names]:
        raise GanpipeError(
            f"{len(double):,} pictures have the same name as another of their side:"
            f"{file_by_file(double)}\nRename or remove all but one of each."
        )


def _stem(path: str) -> str:
    return PurePath(path).with_suffix("").as_posix()


def _ending(placed: Sequence[_Placed], side: Side) -> str:
    """``_A`` or ``_B`` where every name of a side ends so, otherwise nothing."""
    stems = [_stem(each.rest) for each in placed if each.side == side]
    for ending in (f"_{side.upper()}", f"_{side}"):
        if all(stem.endswith(ending) for stem in stems):
            return ending
    return ""


def _held_out(splits: dict[SplitName, list[Item]], fraction: float) -> dict[SplitName, list[Item]]:
    """The splits, or where there is one alone, a share of it held out by a hash of the keys."""
    if "test" in splits:
        return splits
    items = {item.key: item for item in splits["train"]}
    images = [Image(item.key, item.label) for item in items.values()]
    parts = hold_out(images, "", fraction, least=LEAST[1])
    return {
        "train": [items[image.name] for image in parts["train"]],
        "test": [items[image.name] for image in parts["test"]],
    }


def _pictures(names: Sequence[str]) -> str:
    return "a picture lies" if len(names) == 1 else f"{len(names):,} pictures lie"
