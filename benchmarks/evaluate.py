"""Evaluation beside the reference program, in one run on one machine, both to the same figure.

``python benchmarks/evaluate.py`` takes about 50 minutes on two cores: three rounds of the programs
in turn, with 2,000 images a side. The network has random weights: its speed and its parity do not
depend on them.
"""

# ruff: noqa: E402
from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any, TypeVar

import numpy as np
import torch
from pytorch_fid.fid_score import calculate_frechet_distance

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]

from helpers.inception_files import pictures, random_weights, save_pictures

from ganpipe.evaluation.evaluator import Evaluator, measure
from ganpipe.evaluation.reference import Sizes, reference_of
from ganpipe.features.classifier import (
    Accuracy,
    Classifier,
    ClassifierShape,
    open_extractor,
    save_classifier,
)
from ganpipe.features.extractor import WeightFiles
from ganpipe.features.inception import PUBLISHED
from ganpipe.metrics.frechet import frechet_distance
from ganpipe.metrics.moments import Gaussian

Value = TypeVar("Value")


def timed(call: Callable[[], Value]) -> tuple[Value, float]:
    """The result of ``call`` and its seconds."""
    started = time.perf_counter()
    value = call()
    return value, time.perf_counter() - started


def row(what: str, seconds: float, figure: str, ratio: str) -> None:
    print(f"| {what} | {seconds:.1f} | {figure} | {ratio} |", flush=True)


def compare(
    contestants: dict[str, Callable[[], float]], rounds: int, exact: float | None = None
) -> None:
    """Time contestants in turn, for some rounds; then print a row for each: its median seconds, its
    figure and how far that is from ``exact`` or else from the first's, and how many times as fast
    as the first it was in the same round, as median (least .. most)."""
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    figures: dict[str, float] = {}
    for number in range(1, rounds + 1):
        for name, contestant in contestants.items():
            figures[name], taken = timed(contestant)
            seconds[name].append(taken)
            print(f"round {number} of {rounds}: {name}: {taken:.1f} s", file=sys.stderr, flush=True)
    base = next(iter(contestants))
    true = figures[base] if exact is None else exact
    for name, own in seconds.items():
        ratios = sorted(first / taken for first, taken in zip(seconds[base], own, strict=True))
        figure = f"{figures[name]:.8g} (off by {abs(figures[name] - true) / true:.1e})"
        times = f"{median(ratios):.2f} ({ratios[0]:.2f} .. {ratios[-1]:.2f})"
        row(name, median(own), figure, times)


def programs(num: int, rounds: int, root: Path) -> None:
    """The two programs on the same PNGs with the same weights file."""
    weights = root / "home" / "hub" / "checkpoints" / PUBLISHED.name
    weights.parent.mkdir(parents=True)
    torch.save(random_weights(), weights)
    for seed, name in enumerate("ab"):
        save_pictures(root / name, pictures(num, 32, 3, seed))
    environment = os.environ | {"TORCH_HOME": str(root / "home"), "PYTHONPATH": str(ROOT / "src")}

    def run(*arguments: object) -> str:
        command = [sys.executable, "-m", *map(str, arguments)]
        result = subprocess.run(
            command, cwd=root, env=environment, check=True, stdout=subprocess.PIPE, text=True
        )
        return result.stdout

    def ours(*arguments: object) -> dict[str, Any]:
        common = ("--inception-weights", weights, "--fid-only", "--json")
        content: dict[str, Any] = json.loads(run("ganpipe", "score", "b", *common, *arguments))
        return content

    def reference_program() -> float:
        return float(run("pytorch_fid", "a", "b").split()[-1])

    def first() -> float:
        return ours("--reference", "a", "--save-reference", "a.npz")["fid_custom"]

    def cached() -> float:
        return ours("--reference", "a.npz")["fid_custom"]

    def bf16() -> float:
        return ours("--reference", "a", "--precision", "bf16")["fid_custom_bf16"]

    contestants = {
        f"python -m pytorch_fid A B, {num} images a side": reference_program,
        "ganpipe score, the first time": first,
        "ganpipe score, reference cached": cached,
        "ganpipe score in bf16, the first time": bf16,
    }
    compare(contestants, rounds)


def distances(rounds: int, dim: int = 2048) -> None:
    """The Fréchet distance alone, scipy's square root beside ours: covariances with common axes,
    whose distance is known in closed form, and variances that fall as those of real features do."""
    rng = np.random.default_rng(0)
    axes = np.linalg.qr(rng.normal(size=(dim, dim)))[0]
    variances, factors = np.arange(1.0, dim + 1) ** -2, rng.uniform(0.8, 1.3, dim)
    a, b = (
        Gaussian(np.zeros(dim), (axes * values) @ axes.T)
        for values in (variances, variances * factors**2)
    )
    exact = float((variances * (1 - factors) ** 2).sum())
    contestants = {
        f"scipy's root, d = {dim}": lambda: calculate_frechet_distance(
            a.mu, a.sigma, b.mu, b.sigma
        ),
        "ours": lambda: frechet_distance(a, b),
    }
    compare(contestants, rounds, exact)


def classifier(root: Path, num: int = 10_000) -> None:
    """All figures of the classifier extractor on images of MNIST's size."""
    shape = ClassifierShape(1, 28, {str(digit): 0.1 for digit in range(10)})
    path = root / "classifier.safetensors"
    torch.manual_seed(0)
    save_classifier(path, Classifier(shape), shape, tested=Accuracy(value=0.99, num_test=num))
    extractor = open_extractor(WeightFiles(classifier=path, inception=None), torch.device("cpu"))
    images = {"train": pictures(60_000, 28, 1, 0).numpy(), "test": pictures(num, 28, 1, 1).numpy()}
    sizes = Sizes(num_reference=num, max_features=num, max_searched=60_000, batch_size=50)
    reference, seconds = timed(
        lambda: reference_of(extractor, images, split="train", sizes=sizes, protocol={})
    )
    row(f"reference of the classifier, {num} of 60,000 images", seconds, "", "")
    fakes = pictures(num, 28, 1, 2)
    evaluator = Evaluator(
        extractor=extractor, reference=reference, num=num, batch_size=50, max_features=num
    )
    _, seconds = timed(lambda: measure(evaluator, [fakes]))
    row(f"all figures of the classifier, {num} images", seconds, "", "")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--num", type=int, default=2000, help="images a side (%(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="of every comparison (%(default)s)")
    options = parser.parse_args()
    names = ("torch", "torchvision", "numpy", "scipy", "pytorch-fid")
    print(", ".join(f"{name} {version(name)}" for name in names), f"{os.cpu_count()} cores")
    print("| what | seconds | figure | times as fast |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        classifier(Path(folder))
        distances(options.rounds)
        programs(options.num, options.rounds, Path(folder))


if __name__ == "__main__":
    main()
