"""Every block's objective on points in the plane: which modes does the generator find?

    python benchmarks/ring.py --out ring.png

Each block of params.yaml keeps its objective, its optimizer (at 5 times the rate, which so small
networks bear) and what its discriminator has on top of its architecture; both networks become MLPs,
the generator's of two hidden layers of 128, linear at its end, its latent vector 8 long. Targets:

ring, grid  8 Gaussians on a ring, 25 on a 5 x 5 grid, before a discriminator of two hidden layers.
            Neighbouring modes are about 10 apart, as far as two digits are, because what a
            penalty's weight means depends on it.
shallow     the ring before a discriminator of one hidden layer, neighbours 0.6 apart: like the game
            of Metz et al. (2017), in which the discriminator is too weak to hold the generator.

A sample is good within 3 deviations of a mode; a mode is covered where it has at least a tenth of
its fair share of good samples. Blocks that differ from another in their architecture alone are left
out.
"""

from __future__ import annotations

import argparse
import itertools
import math
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import nn

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))

from ganpipe.core.schema import validate
from ganpipe.data.loading.batches import Batch, Batches
from ganpipe.data.spec import DataSpec, Domain
from ganpipe.methods.build import build_method
from ganpipe.methods.config import ModelConfig
from ganpipe.optim.build import resolve
from ganpipe.params import Params, load_params
from ganpipe.runtime.seeding import make_rng
from ganpipe.training.loop import train_step
from ganpipe.training.state import State, start

CPU = torch.device("cpu")
BATCH_SIZE = 128
SAMPLES = 2500
DEVIATION = 0.02  # of each Gaussian, where the targets fill [-0.8, 0.8]²
PLANE = DataSpec("plane", Domain(channels=2, native_size=1, image_size=1), 0, 0)
WIDTH = 128  # of hidden layers
FASTER = 5  # times the block's learning rate
LEFT_OUT = {"mlp", "toy_mlp", "cgan", "dcgan_diffaugment"}  # dcgan's objective; classes; pictures


def ring() -> torch.Tensor:
    """(8, 2) centres on a circle of radius 0.8."""
    angles = torch.arange(8) * (2 * math.pi / 8)
    return 0.8 * torch.stack([angles.cos(), angles.sin()], 1)


def grid() -> torch.Tensor:
    """(25, 2) centres, 0.4 apart."""
    line = torch.linspace(-0.8, 0.8, 5)
    return torch.cartesian_prod(line, line)


class Target(NamedTuple):
    """A mixture of Gaussians and the game for it."""

    centres: torch.Tensor  # (M, 2) in [-0.8, 0.8]
    scale: float  # by which the networks see everything
    layers: int  # hidden ones of the discriminator
    steps: int  # generator updates


TARGETS = {
    "ring": Target(ring(), 16.0, 2, 2000),
    "grid": Target(grid(), 16.0, 2, 6000),
    "shallow": Target(ring(), 1.0, 1, 3000),
}


class Points(Batches):
    """Endless seeded batches of a mixture of Gaussians, as images (N, 2, 1, 1)."""

    def __init__(self, target: Target, seed: int) -> None:
        self.target, self.seed = target, seed
        self.batch_size, self.device, self.per_epoch = BATCH_SIZE, CPU, 1

    def at(self, index: int) -> Batch:
        rng = make_rng(CPU, self.seed, "points", index)
        centres, scale = self.target.centres, self.target.scale
        chosen = torch.randint(len(centres), (BATCH_SIZE,), generator=rng)
        noise = DEVIATION * torch.randn(BATCH_SIZE, 2, generator=rng)
        return Batch(scale * (centres[chosen] + noise)[:, :, None, None])


class Spread(nn.Module):
    """From numbers about 1 to the scale that the discriminator sees."""

    def __init__(self, scale: float) -> None:
        super().__init__()
        self.scale = scale

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.scale * x


class Outcome(NamedTuple):
    """The outcome of one run."""

    block: str
    target: str
    seed: int
    modes: int  # covered
    good: float  # share of samples
    gradient: float  # mean |∇D| between real and generated points
    seconds: float
    samples: torch.Tensor  # (SAMPLES, 2)


def on_points(block: ModelConfig, target: Target, kernels: int) -> ModelConfig:
    """The block with both networks replaced by the MLPs of ``target``, and at most ``kernels`` of
    minibatch discrimination."""
    content: dict[str, Any] = block.model_dump(mode="json") | {"latent_dim": 8}
    common = {"arch": "mlp", "activation": "leaky_relu"}
    kept = ("spectral_norm", "minibatch_discrimination", "minibatch_stddev")
    d = content["discriminator"]
    d["minibatch_discrimination"] = min(d["minibatch_discrimination"], kernels)
    content["generator"] = {**common, "hidden": 2 * [WIDTH], "batch_norm": False}
    content["discriminator"] = {
        **common,
        "hidden": target.layers * [WIDTH],
        "dropout": d.get("dropout", 0.0),
        **{name: d[name] for name in kept},
    }
    return validate(ModelConfig, content, "the block")


def play(block: str, target: str, seed: int, kernels: int, steps: int | None) -> Outcome:
    """Train one block on one target, for ``steps`` generator updates or the target's own number."""
    torch.set_num_threads(1)
    params: Params = load_params()
    game = TARGETS[target]
    steps = steps or game.steps
    model = on_points(params.models[block], game, kernels)
    method = build_method(model, PLANE, seed)
    generator: Any = method.players["generator"]
    generator.layers[-1] = Spread(game.scale)  # in place of tanh
    resolved = {
        player: resolve(params.optimizer, model.optimizer, player) for player in method.players
    }
    faster = {
        player: settings.model_copy(update={"lr": FASTER * settings.lr})
        for player, settings in resolved.items()
    }
    state = start(method, faster, CPU)
    points = Points(game, seed)
    points.per_epoch = method.batches_before(steps)
    config = params.train.model_copy(update={"precision": "fp32", "epochs": 1})
    started = time.perf_counter()
    for _ in range(steps):
        train_step(state, points, config)
    seconds = time.perf_counter() - started
    samples = draw(state, seed, game.scale)
    modes, good = coverage(samples, game.centres)
    gradient = mean_gradient(state, points)
    return Outcome(block, target, seed, modes, good, gradient, seconds, samples)


@torch.no_grad()
def draw(state: State, seed: int, scale: float) -> torch.Tensor:
    """(SAMPLES, 2) points of the generator's moving average, in the units of the centres."""
    average = state.averages[""]
    inputs = average.draw_inputs(SAMPLES, make_rng(CPU, seed, "ring samples"))
    return average(**inputs).flatten(1) / scale


def coverage(samples: torch.Tensor, centres: torch.Tensor) -> tuple[int, float]:
    """Modes covered, and the share of samples that are good."""
    distance, nearest = torch.cdist(samples, centres).min(1)
    good = distance < 3 * DEVIATION
    counts = torch.bincount(nearest[good], minlength=len(centres))
    return int((counts >= 0.1 * len(samples) / len(centres)).sum()), good.float().mean().item()


def mean_gradient(state: State, points: Points) -> float:
    """Mean |∇D| at random points between real and generated ones."""
    real, scale = points.at(10**9).real, points.target.scale
    fake = scale * draw(state, 1, scale)[:BATCH_SIZE, :, None, None]
    epsilon = torch.rand(BATCH_SIZE, 1, 1, 1, generator=make_rng(CPU, 0, "slope"))
    between = (epsilon * real + (1 - epsilon) * fake).requires_grad_()
    logits = state.method.players["discriminator"](between)
    (gradients,) = torch.autograd.grad(logits.sum(), between)
    return gradients.flatten(1).norm(dim=1).mean().item()


def table(outcomes: list[Outcome]) -> str:
    """Markdown: a row a block, the runs of all seeds in each cell."""
    played = list(dict.fromkeys(outcome.target for outcome in outcomes))
    modes = {name: len(TARGETS[name].centres) for name in played}
    heads = [f"{name}: modes of {modes[name]} | good | gradient norm of D" for name in played]
    lines = [f"| block | {' | '.join(heads)} |", f"|---|{'---|---|---|' * len(played)}"]
    blocks = dict.fromkeys(outcome.block for outcome in outcomes)
    for block in blocks:
        cells = [block]
        for target in played:
            runs = [o for o in outcomes if (o.block, o.target) == (block, target)]
            cells.append(", ".join(str(run.modes) for run in runs))
            cells.append(", ".join(f"{100 * run.good:.0f}" for run in runs) + " %")
            cells.append(f"{sum(run.gradient for run in runs) / len(runs):.2g}")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def picture(outcomes: list[Outcome], path: Path) -> None:
    """The samples of the first seed: a column a block, a row a target."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    seed = outcomes[0].seed
    blocks = list(dict.fromkeys(outcome.block for outcome in outcomes))
    played = list(dict.fromkeys(outcome.target for outcome in outcomes))
    size = (1.7 * len(blocks), 0.3 + 1.8 * len(played))
    figure, axes = pyplot.subplots(len(played), len(blocks), figsize=size, squeeze=False)
    for run in outcomes:
        if run.seed != seed:
            continue
        axis = axes[played.index(run.target), blocks.index(run.block)]
        centres = TARGETS[run.target].centres
        axis.scatter(*centres.T, s=90, facecolors="none", edgecolors="tab:orange")
        axis.scatter(*run.samples.T, s=0.5, color="tab:blue", rasterized=True)
        axis.set(xlim=(-1.1, 1.1), ylim=(-1.1, 1.1), xticks=[], yticks=[], aspect="equal")
        if run.target == played[0]:
            axis.set_title(run.block.replace("_", "\n"), fontsize=9)
        axis.set_xlabel(f"{run.modes} modes, {100 * run.good:.0f} % good", fontsize=7)
    figure.tight_layout()
    figure.savefig(path, dpi=110)


def main() -> None:
    """Run all and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--blocks", help="comma-separated; all that differ by default")
    parser.add_argument("--targets", default=",".join(TARGETS))
    parser.add_argument("--steps", type=int, help="generator updates, in place of the target's")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--kernels", type=int, default=16, help="of minibatch discrimination")
    parser.add_argument("--jobs", type=int, default=2, help="processes, one thread each")
    parser.add_argument("--out", type=Path, default=Path("ring.png"))
    options = parser.parse_args()
    shipped = [name for name in load_params().models if name not in LEFT_OUT]
    blocks = options.blocks.split(",") if options.blocks else shipped
    runs = list(itertools.product(blocks, options.targets.split(","), range(options.seeds)))
    outcomes: list[Outcome] = []
    with ProcessPoolExecutor(options.jobs, mp_context=get_context("spawn")) as pool:
        waiting = [pool.submit(play, *run, options.kernels, options.steps) for run in runs]
        for future in waiting:
            outcomes.append(run := future.result())
            print(*run[:4], *(f"{value:.3g}" for value in run[4:7]), file=sys.stderr, flush=True)
    print(table(outcomes))
    picture(outcomes, options.out)


if __name__ == "__main__":
    main()
