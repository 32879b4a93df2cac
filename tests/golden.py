"""Compare the results of two checkouts bit for bit, to prove that a refactoring changed none.

    python tests/golden.py --against ../older [--models dcgan mlp] [--threads 1] [--precision fp32]

Makes a tiny run of every block under `models` in params.yaml with this checkout and with the other
one, and compares all tensors, the training curve, the decoded pictures and the figures. Both run on
this machine, since processors round differently: that is why no expected hash is kept in the
repository. Exits with 1 where anything differs, and keeps the results and the logs of the stages.

Runs the stages that the checkout's own dvc.yaml lists, in that order, and edits its params.yaml
field by field where the field exists, so that modules, stages and fields may be moved and renamed.

The images drawn here have the size of the networks' images. Padded images, which are cropped again
before judging, are covered by `--mnist FOLDER`, where FOLDER/mnist holds the four official files:

    python tests/golden.py --against ../older --mnist FOLDER --models dcgan cgan
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import re
import runpy
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parent.parent
SIDES = ("older", "newer")
FIGURES = ("evaluate.json", "snapshots.json", "snapshots.csv", "class_share.csv")
SHOWN = 5  # differences of one run that are printed

# What fields become where their dotted name ends so; names that a checkout lacks are passed over.
SMALL: dict[str, Any] = {  # of networks and methods; what is 0 or false, and so not used, stays so
    "width": 4,
    "hidden": [16, 12],
    "latent_dim": 8,
    "minibatch_discrimination": 3,
    "unrolled_steps": 2,
    "critic_warmup": False,  # 100 updates a step
    "channel_base": 64,
    "channel_max": 4,
    "style_dim": 8,
}
TINY: dict[str, Any] = {
    "dataset": "folder",
    "folder.path": "data/images",
    "folder.image_size": 32,
    "folder.channels": 1,
    "folder.test_fraction": 0.2,  # leaves 64 images to train on
    "train.epochs": 2,  # 20 updates of the discriminator, and 4 of a generator that waits for 5
    "train.batch_size": 6,
    "train.log_every": 2,  # at most the generator updates of an epoch
    "sample.rows": 2,
    "sample.columns": 3,
    "sample.interpolation_steps": 3,
    "evaluate.num_generated": 64,
    "snapshots.num_generated": 32,
    "evaluate.num_reference": 64,
    "evaluate.batch_size": 32,
    "evaluate.rulers": ["classifier"],
    "evaluate.extractors": ["classifier"],
    "extractor.epochs": 2,
    "extractor.batch_size": 16,
    "evaluate.classifier.epochs": 2,
    "evaluate.classifier.batch_size": 16,
}
MNIST: dict[str, Any] = TINY | {
    "dataset": "mnist",
    "train.epochs": 1,
    "train.batch_size": 6000,
    "max_searched.classifier": 1000,
    "evaluate.max_features": 1000,
    "evaluate.batch_size": 500,
    "extractor.epochs": 1,
    "extractor.batch_size": 2000,
    "evaluate.classifier.epochs": 1,
    "evaluate.classifier.batch_size": 2000,
}
NEEDED = ("dataset", "model", "train.precision")  # without these a run is not what its line says


def main() -> None:
    """Run both checkouts for every number of threads, and compare."""
    arguments = parse()
    started, bad = time.monotonic(), 0
    root = Path(tempfile.mkdtemp(prefix="golden-"))
    notes: set[str] = set()
    for threads in arguments.threads:
        run_both(arguments, root / str(threads), threads)
        for precision in arguments.precision:
            for model in arguments.models:
                results = [root / str(threads) / s / "results" / precision / model for s in SIDES]
                name = f"{threads} {'threads' if threads > 1 else 'thread'}, {precision}, {model}"
                bad += not report(name, *results, may_leave=arguments.may_leave, notes=notes)
    for note in sorted(notes):
        print(f"note: {note}")
    runs = len(arguments.threads) * len(arguments.precision) * len(arguments.models)
    found = f"{bad} differ" if bad else "all are the same"
    print(f"{runs} runs of both checkouts in {time.monotonic() - started:.0f} s: {found}")
    if bad:
        sys.exit(f"results and logs of the stages are kept in {root}")
    shutil.rmtree(root)


def parse() -> argparse.Namespace:
    """The command line; without --models all blocks of the older checkout."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--against", type=Path, required=True, help="the older checkout")
    parser.add_argument("--models", nargs="+", help="blocks of params.yaml; default: all")
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    precisions = ["fp32", "bf16"]
    parser.add_argument("--precision", nargs="+", choices=precisions, default=precisions)
    parser.add_argument("--mnist", type=Path, metavar="FOLDER", help="train on FOLDER/mnist")
    parser.add_argument(
        "--may-leave",
        type=re.compile,
        metavar="REGEX",
        default="(?!)",
        help="figures, by their dotted names, that the newer checkout need not have",
    )
    arguments = parser.parse_args()
    if not (arguments.against / "dvc.yaml").is_file():
        parser.error(f"{arguments.against} is no checkout of the project: it has no dvc.yaml")
    if arguments.mnist and not arguments.models:
        parser.error("--mnist takes long; name the models as well")
    blocks = [read_yaml(side / "params.yaml")["models"] for side in (arguments.against, ROOT)]
    arguments.models = arguments.models or list(blocks[0])
    for side, known in zip(SIDES, blocks, strict=True):
        if missing := [model for model in arguments.models if model not in known]:
            parser.error(f"params.yaml of the {side} checkout has no model {', '.join(missing)}")
    return arguments


def run_both(arguments: argparse.Namespace, folder: Path, threads: int) -> None:
    """One process a checkout; both at once where there are enough processors."""
    begun: list[tuple[subprocess.Popen[bytes], Path]] = []
    for side, checkout in zip(SIDES, (arguments.against, ROOT), strict=True):
        workspace = make_workspace(folder / side, checkout, mnist=bool(arguments.mnist))
        task = {
            "threads": threads,
            "precisions": arguments.precision,
            "models": arguments.models,
            "changes": (MNIST if arguments.mnist else TINY) | {"threads": threads},
        }
        environment = os.environ | {
            "PYTHONPATH": f"{workspace / 'src'}{os.pathsep}{workspace}",
            "OMP_NUM_THREADS": str(threads),
            "CUDA_VISIBLE_DEVICES": "",
            "GANPIPE_CACHE": str(folder / side / "cache"),
            "GANPIPE_MIRROR": str(arguments.mnist.resolve()) if arguments.mnist else "",
            "GANPIPE_OFFLINE": "1",
        }
        command = [sys.executable, "-P", __file__, "--worker", json.dumps(task)]
        log = folder / side / "log.txt"
        with log.open("wb") as output:
            process = subprocess.Popen(
                command, cwd=workspace, env=environment, stdout=output, stderr=output
            )
        begun.append((process, log))
        if 2 * threads > (os.cpu_count() or 1):
            process.wait()
    for process, log in begun:
        if process.wait():
            last = log.read_text(errors="replace").rstrip().rpartition("\n")[2]
            print(f"the run with {log.parent.name} code failed ({last}); its log is {log}")
    if any(process.returncode for process, _ in begun):
        sys.exit(1)


def make_workspace(folder: Path, checkout: Path, mnist: bool) -> Path:
    """A folder with the code of ``checkout`` and the images to train on."""
    workspace = folder / "workspace"
    for name in ("src", "stages"):
        skipped = shutil.ignore_patterns("__pycache__", "*.egg-info")
        shutil.copytree(checkout / name, workspace / name, ignore=skipped)
    for name in ("params.yaml", "dvc.yaml"):
        shutil.copy(checkout / name, workspace)
    if not mnist:
        draw_images(workspace / TINY["folder.path"])
    return workspace


def draw_images(folder: Path, per_class: int = 40, size: int = 32) -> None:
    """Two classes of grey images: bright discs and bright bars on a dark ground."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:size, :size]
    for name in ("bars", "discs"):
        (folder / name).mkdir(parents=True)
        for index in range(per_class):
            down, right = size / 2 + rng.normal(0, 3, 2)
            bar, disc = np.abs(x - right) < 3, np.hypot(y - down, x - right) < size / 4
            pixels = np.where(bar if name == "bars" else disc, 230, 20)
            noisy = (pixels + rng.normal(0, 5, pixels.shape)).clip(0, 255).astype(np.uint8)
            Image.fromarray(noisy).save(folder / name / f"{index:03d}.png")


def work(task: dict[str, Any]) -> None:
    """Run every model with every precision in this process, in a workspace of one checkout.

    Stages listed before `train` do not depend on the model and run once for each precision, except
    `check`, which reads the chosen block.
    """
    import torch

    import ganpipe

    assert Path(str(ganpipe.__file__)).is_relative_to(Path.cwd()), ganpipe.__file__
    torch.set_num_threads(task["threads"])
    with suppress(ImportError):  # not all checkouts have it; one process runs every stage here
        import ganpipe.core.guard

        ganpipe.core.guard.install = lambda stage: None
    shipped = read_yaml(Path("params.yaml"))
    stages = stage_names()
    shared = set(stages[: stages.index("train")]) - {"check"}
    for precision in task["precisions"]:
        for index, model in enumerate(task["models"]):
            write_params(shipped, task["changes"] | {"model": model, "precision": precision})
            for stage in stages:
                if stage in shared and index:
                    continue
                if stage == "train" and not index:
                    Path("metrics").mkdir(exist_ok=True)
                    shutil.copytree("metrics", "shared_metrics", dirs_exist_ok=True)
                print(f"== {precision}, {model}: {stage}", flush=True)
                run_stage(stage)
            results = Path("../results", precision, model)
            results.mkdir(parents=True)
            for name in ("models", "metrics", "samples"):
                shutil.move(name, results)
            shutil.copytree("shared_metrics", "metrics")


def run_stage(name: str) -> None:
    """Run ``stages.NAME`` as `python -m` does; a stage that exits with an error ends the run."""
    try:
        runpy.run_module(f"stages.{name}", run_name="__main__")
    except SystemExit as end:
        if end.code:
            sys.exit(f"stage {name}: {end.code}")


def stage_names() -> list[str]:
    """The modules of `stages` that dvc.yaml runs, in the order of the file."""
    return re.findall(r"cmd: python -m stages\.(\w+)", Path("dvc.yaml").read_text())


def write_params(shipped: dict[str, Any], changes: dict[str, Any]) -> None:
    """Write params.yaml with every field in ``changes`` or SMALL replaced.

    Exits where a field is missing without which the run is not what it is called.
    """
    seen: set[str] = set()

    def edited(content: Any, path: str) -> Any:
        if isinstance(content, dict):
            return {name: edited(value, f"{path}.{name}") for name, value in content.items()}
        seen.add(path)
        used = changes | (SMALL if content else {})
        return next((v for name, v in used.items() if path.endswith(f".{name}")), content)

    content = edited(shipped, "")
    if missing := [name for name in NEEDED if f".{name}" not in seen]:
        sys.exit(f"params.yaml has no {', '.join(missing)}")
    with Path("params.yaml").open("w", encoding="utf-8") as file:
        YAML(typ="safe", pure=True).dump(content, file)


def read_yaml(path: Path) -> Any:
    """The content of a YAML file."""
    return YAML(typ="safe", pure=True).load(path)


def report(
    name: str, older: Path, newer: Path, *, may_leave: re.Pattern[str], notes: set[str]
) -> bool:
    """Print the line of one run; whether nothing differs. Figures that only the older checkout has
    and that ``may_leave`` matches go into ``notes``."""
    found: list[str] = []
    counts: list[str] = []
    for kind, read in {"tensors": tensors, "pictures": pictures, "figures": figures}.items():
        before, now = dict(read(older)), dict(read(newer))
        for entry in sorted(before.keys() - now.keys()):
            expected = kind == "figures" and may_leave.search(entry)
            (notes.add if expected else found.append)(f"only in older: {entry}")
        for entry in sorted(now.keys() - before.keys()):
            (notes.add if kind == "figures" else found.append)(f"only in newer: {entry}")
        both = [entry for entry in before if entry in now]
        found += [
            f"{entry}: {before[entry][0]}, now {now[entry][0]}"
            if before[entry][0] != now[entry][0]
            else f"{entry}: other bytes ({now[entry][0]})"
            for entry in both
            if before[entry] != now[entry]
        ]
        if not both:
            found.append(f"no {kind} to compare")
        counts.append(f"{len(both)} {kind}")
    if found:
        more = [f"and {len(found) - SHOWN} more"] if len(found) > SHOWN else []
        print(f"{name}: DIFFERS", *found[:SHOWN], *more, sep="\n  ", flush=True)
    else:
        print(f"{name}: same ({', '.join(counts)})", flush=True)
    return not found


Entries = Iterator[tuple[str, tuple[str, bytes]]]  # a name, what a message says of it, the content


def tensors(results: Path) -> Entries:
    """Every tensor of every .safetensors file, whose metadata is passed over."""
    for path in sorted((results / "models").rglob("*.safetensors")):
        content = path.read_bytes()
        start = 8 + int.from_bytes(content[:8], "little")
        for name, about in json.loads(content[8:start]).items():
            if name != "__metadata__":
                begin, end = (start + offset for offset in about["data_offsets"])
                key = f"{path.relative_to(results)}: {name}"
                yield key, (f"{about['dtype']} {about['shape']}", content[begin:end])


def pictures(results: Path) -> Entries:
    """The pixels of every PNG file; a progress grid is known by its number of images alone."""
    for path in sorted((results / "samples").rglob("*.png")):
        with Image.open(path) as image:
            about = f"{image.mode} {image.width} x {image.height}"
            name = re.sub(r"^images_(?=\d+\.png$)", "", path.name)
            yield str(path.with_name(name).relative_to(results)), (about, image.tobytes())


def figures(results: Path) -> Entries:
    """Every number of the metrics, by its file and dotted name, and the whole training curve."""
    for path in (results / "metrics" / name for name in ("train.csv", *FIGURES)):
        if not path.is_file():
            continue
        if path.name == "train.csv":
            yield "metrics/train.csv", ("text", path.read_bytes())
            continue
        text = path.read_text(encoding="utf-8")
        is_json = path.suffix == ".json"
        content = json.loads(text) if is_json else list(csv.DictReader(text.splitlines()))
        for name, number in leaves(content):
            yield f"metrics/{path.name}: {name}", (number, b"")


def leaves(content: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    """The numbers in nested mappings and lists, as text, with their dotted names."""
    if isinstance(content, dict | list):
        for name, value in content.items() if isinstance(content, dict) else enumerate(content):
            yield from leaves(value, f"{prefix}.{name}" if prefix else str(name))
    elif isinstance(content, int | float):
        yield prefix, repr(content)
    elif isinstance(content, str):  # in a CSV file a number is a text
        with suppress(ValueError):
            yield prefix, repr(float(content))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--worker"]:
        work(json.loads(sys.argv[2]))
    else:
        main()
