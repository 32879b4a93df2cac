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
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from helpers import golden_worker, small
from helpers.golden_results import report
from helpers.golden_worker import read_yaml
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
SIDES = ("older", "newer")
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
            "small": small.FIELDS,
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
        command = [sys.executable, "-P", golden_worker.__file__, json.dumps(task)]
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


if __name__ == "__main__":
    main()
