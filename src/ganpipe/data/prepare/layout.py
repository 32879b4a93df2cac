"""The splits and classes of a folder of images, from the names of its folders."""

from __future__ import annotations

import logging
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from ganpipe.core.errors import GanpipeError

log = logging.getLogger(__name__)

ROLES = {
    "train": "train", "training": "train", "test": "test", "testing": "test", "holdout": "test",
    "val": "val", "valid": "val", "validation": "val", "dev": "val", "eval": "val",
    "evaluation": "val",
}  # fmt: skip
# A split's name: one of the words, perhaps with an ending such as 2017, A or _set, perhaps after
# other words. The splits of one dataset have everything but the word in common.
SPLIT = re.compile(
    r"(?P<before>(?:.*[ _.-])?)"
    rf"(?P<word>{'|'.join(ROLES)})"
    r"(?P<after>(?:[ _.-]?(?:set|data|images|imgs|split|\d+|[a-rt-z]))?|[ _.-].*)",
    re.IGNORECASE,
)
CONTAINERS = frozenset({"image", "images", "img", "imgs"})  # folders within a split, not classes
TRAINED = 2  # images that a split leaves to be trained on, where it can
LISTED = 10  # classes and folders named in a message
NAMED = 20  # files named in a message


class Image(NamedTuple):
    """One image and where it belongs."""

    name: str  # relative to data/raw
    label: str  # its class; empty where there are none


class Split(NamedTuple):
    """The names of the folders that are the training and the held-out images."""

    train: str
    held_out: str


def find_splits(raw: Path, test_fraction: float) -> dict[str, list[Image]]:
    """The images of `train` and `test`, sorted by name; what was found is logged.

    A single folder at the top that holds everything is looked through. Then two folders such as
    ``train/`` and ``test/`` or ``val/`` are the splits, at the top or within each class; otherwise
    each image is held out or not by a hash of its name, so that it stays where it is when others
    come. Folders below are classes; a single class is none. Raises GanpipeError where there are no
    images, where folders look like splits that cannot be told apart, and where only some classes
    hold splits.
    """
    names = names_in(raw)
    root = ""
    while (tops := {top_folder(name, root) for name in names}) != {""} and len(tops) == 1:
        root += f"{tops.pop()}/"
    if split := choose_splits(names, root):
        folders = {"train": f"{root}{split.train}/", "test": f"{root}{split.held_out}/"}
        splits = {name: _label(names, _inner(names, folder)) for name, folder in folders.items()}
        how = f"{split.train}/ and {split.held_out}/"
    elif split := _splits_of_classes(names, root):
        splits = {
            "train": _label_outside(names, root, split.train),
            "test": _label_outside(names, root, split.held_out),
        }
        how = f"{split.train}/ and {split.held_out}/ in the folder of each class"
    else:
        splits = hold_out(_label(names, root), root, test_fraction)
        how = f"{test_fraction:.0%} held out, by a hash of the name"
    _say_what_is_unused(names, splits, root)
    splits = check_classes(splits)
    _say_what_was_found(splits, how)
    return splits


def names_in(raw: Path) -> list[str]:
    """The images of data/raw, sorted; raises GanpipeError where there are none."""
    names = sorted(path.relative_to(raw).as_posix() for path in raw.rglob("*") if path.is_file())
    if not names:
        raise GanpipeError(f"{raw} holds no images; the stage 'download' fills it: run `dvc repro`")
    return names


def choose_splits(names: Iterable[str], root: str = "", depth: int = 0) -> Split | None:
    """The folders at ``depth`` below ``root`` that are the splits; None where they are none.

    Of ``test/`` and ``val/`` the first is held out. Raises GanpipeError for several possible
    pairs, and for folders that look like splits and are no pair.
    """
    paths = [name.removeprefix(root).split("/")[depth:] for name in names]
    folders = sorted({path[0] for path in paths if len(path) > 1})
    nested = {path[0] for path in paths if len(path) > 2}
    alike = [each for each in folders if (found := SPLIT.fullmatch(each)) and not found["before"]]
    pairs = _pairs(folders)
    if len(pairs) == 1 and [len(part) for part in pairs[0]] == [1, 1]:
        return Split(pairs[0][0][0], pairs[0][1][0])
    others = len({path[0] if len(path) > 1 else "" for path in paths}) - len(alike)
    if pairs or len(alike) > 1 or (others and nested & set(alike)):
        doubtful = alike or [folder for pair in pairs for part in pair for folder in part]
        raise GanpipeError(
            f"the folders {_listed(doubtful)} look like splits, but are not one pair of a training "
            "and a held-out folder; name the two train and test (or train and val), with the same "
            "ending if any (train2017, val2017), and move other images out; folders of classes "
            "need other names"
        )
    return None


def _pairs(folders: Iterable[str]) -> list[tuple[list[str], list[str]]]:
    """The folders of each training and held-out role whose names are alike but for the word."""
    groups: dict[tuple[str, str], dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for folder in folders:
        if found := SPLIT.fullmatch(folder):
            key = (found["before"].lower(), found["after"].lower())
            groups[key][ROLES[found["word"].lower()]].append(folder)
    return [
        (roles["train"], roles.get("test") or roles["val"])
        for roles in groups.values()
        if roles.keys() >= {"train"} and roles.keys() & {"test", "val"}
    ]


def _splits_of_classes(names: Sequence[str], root: str) -> Split | None:
    """The splits where each folder at the top is a class that holds them.

    Raises GanpipeError where only some do, whose held-out images would be trained on.
    """
    inner = defaultdict(set)
    for name in names:
        top = top_folder(name, root)
        inner[top].add(top_folder(name, f"{root}{top}/") if top else "")
    without = [top for top in inner if not any(map(SPLIT.fullmatch, inner[top]))]
    if not without:
        return choose_splits(names, root, depth=1)
    if paired := [top for top in inner if _pairs(sorted(inner[top]))]:
        raise GanpipeError(
            f"there are a training and a held-out folder in {_listed(paired)}, but not in "
            f"{_listed(without)}; give each class such folders, as {paired[0]}/train and "
            f"{paired[0]}/test, and move images that belong to no class out, or put the images of "
            "each class right into its folder"
        )
    return None


def top_folder(name: str, root: str = "") -> str:
    """The first folder of ``name`` below ``root``; empty for an image right there."""
    first, slash, _ = name.removeprefix(root).partition("/")
    return first if slash else ""


def _inner(names: Sequence[str], root: str) -> str:
    """``root``, or the folder in it that holds everything where its name is no class's: of a split
    once more, or ``images``."""
    tops = {top_folder(name, root) for name in names if name.startswith(root)}
    only = tops.pop() if len(tops) == 1 else ""
    inside = only.lower() in CONTAINERS or (only and only.lower() == root.split("/")[-2].lower())
    return _inner(names, f"{root}{only}/") if inside else root


def _label(names: Sequence[str], root: str) -> list[Image]:
    """The images below ``root``, with the folder right below it as their class."""
    return [Image(name, top_folder(name, root)) for name in names if name.startswith(root)]


def _label_outside(names: Sequence[str], root: str, split: str) -> list[Image]:
    """The images below ``root/CLASS/split``, with their class."""
    parts = [(name, name.removeprefix(root).split("/")) for name in names]
    return [Image(name, path[0]) for name, path in parts if len(path) > 2 and path[1] == split]


def file_by_file(lines: Sequence[str]) -> str:
    """The end of a message: a line for each of the first files, and how many more there are."""
    more = [f"and {len(lines) - NAMED:,} more"] if len(lines) > NAMED else []
    return "".join(f"\n  {line}" for line in [*lines[:NAMED], *more])


def check_classes(splits: dict[str, list[Image]]) -> dict[str, list[Image]]:
    """Without labels where there are fewer than two classes, or an image has none of those that are
    trained on; a warning says so."""
    train, test = (Counter(image.label for image in splits[name]) for name in ("train", "test"))
    labels = train | test
    reason = ""
    if "" in labels and len(labels) > 1:
        stray = next(i.name for part in splits.values() for i in part if not i.label)
        reason = f"{stray} lies in no folder of a class; put every image into one"
    elif unknown := sorted(set(test) - set(train)):
        reason = (
            f"there are test images of the class {unknown[0]}, but no such training images; give "
            "both splits the same folders"
        )
    if reason and len(labels) > 1:
        log.warning(f"the images are taken without classes: {reason}")
    if reason or len(labels) < 2:
        return {name: [Image(image.name, "") for image in part] for name, part in splits.items()}
    return splits


def hold_out(
    images: Sequence[Image], root: str, fraction: float, *, least: int = 1
) -> dict[str, list[Image]]:
    """The images whose hash, as a number in [0, 1), is below ``fraction``, are `test`: at least
    those with the ``least`` lowest hashes, as long as TRAINED are left, but never the last of a
    class, which is then to be trained on."""
    place = {image.name: _hash_of(image.name.removeprefix(root)) for image in images}
    counts = Counter(image.label for image in images)
    if len(counts) > 1 and max(counts.values()) == 1:
        log.warning("the images are taken without classes: every class has a single image")
        images = [Image(image.name, "") for image in images]
    last: dict[str, str] = {}  # the image of each class with the highest hash
    for name, label in images:
        if label not in last or place[name] > place[last[label]]:
            last[label] = name
    kept = set(last.values())
    free = sorted((i.name for i in images if i.name not in kept), key=place.__getitem__)
    below = sum(place[name] < fraction for name in free)
    held_out = set(free[: max(1, min(max(least, below), len(images) - TRAINED))])
    splits: dict[str, list[Image]] = {"train": [], "test": []}
    for image in images:
        splits["test" if image.name in held_out else "train"].append(image)
    return splits


def _hash_of(name: str) -> float:
    return int.from_bytes(sha256(name.encode()).digest()[:6], "big") / 2**48


def _say_what_is_unused(names: Sequence[str], splits: dict[str, list[Image]], root: str) -> None:
    used = {image.name for part in splits.values() for image in part}
    if unused := [name for name in names if name not in used]:
        folders = sorted({name.removeprefix(root).rpartition("/")[0] for name in unused})
        log.warning(f"{len(unused):,} images outside the splits are not used: {_listed(folders)}")


def _say_what_was_found(splits: dict[str, list[Image]], how: str) -> None:
    train, test = (Counter(image.label for image in splits[name]) for name in ("train", "test"))
    log.info(f"splits: {how}; {train.total():,} training images and {test.total():,} held out")
    if len(train) > 1:
        each = [f"{label} {train[label]:,} + {test[label]:,}" for label in sorted(train)[:LISTED]]
        more = f" and {len(train) - LISTED:,} more" if len(train) > LISTED else ""
        log.info(f"{len(train):,} classes (training + held out): {', '.join(each)}{more}")


def _listed(folders: Sequence[str]) -> str:
    """``train/, val/ and 3 more``; an empty name is the top folder itself."""
    text = ", ".join(f"{folder}/" if folder else "the top folder" for folder in folders[:LISTED])
    return f"{text} and {len(folders) - LISTED:,} more" if len(folders) > LISTED else text
