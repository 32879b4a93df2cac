"""Seconds of a training step, side by side with a textbook loop and with another checkout.

    python benchmarks/train_step.py --model dcgan
    python benchmarks/train_step.py --model mlp --against ../older/src

Every contestant is a process of its own that waits until it is asked for a round of steps; rounds
alternate between them, so that whatever else the machine does strikes all alike. The textbook loop
trains the same networks as the first tutorials do: a DataLoader that converts image by image,
two passes of the discriminator and one more with gradients for its own weights that nobody uses,
Adam one step after the other, no moving average, fp32. Images are random, 32 x 32, one channel.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

HERE = Path(__file__).resolve()
SOURCE = HERE.parent.parent / "src"
IMAGES = 2048
BATCH_SIZE = 64  # whatever the parameters say, so that checkouts are comparable


def ours(model_name: str, precision: str) -> Callable[[], object]:
    """One step of the package that is first on the path."""
    import torch

    from ganpipe.data.loading.batches import Batches
    from ganpipe.optim.build import resolve
    from ganpipe.training.loop import train_step
    from ganpipe.training.state import start

    params, method, images = _game(model_name)
    optimizer = params.models[model_name].optimizer
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    settings = {player: resolve(params.optimizer, optimizer, player) for player in method.players}
    state = start(method, settings, device)
    batches = Batches(images.to(device), None, batch_size=BATCH_SIZE, seed=0, device=device)
    config = params.train.model_copy(update={"precision": precision})
    return lambda: train_step(state, batches, config)


def textbook(model_name: str, precision: str) -> Callable[[], object]:
    """One step of the loop of the first tutorials."""
    import torch
    from torch.nn.functional import binary_cross_entropy_with_logits as cross_entropy
    from torch.utils.data import DataLoader, Dataset

    params, method, images = _game(model_name)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    method.to(device)
    g, d = method.players["generator"], method.players["discriminator"]
    latent_dim = params.models[model_name].latent_dim
    adam = {
        net: torch.optim.Adam(net.parameters(), params.optimizer.lr, params.optimizer.betas)
        for net in (g, d)
    }

    class Images(Dataset):  # type: ignore[type-arg]
        def __len__(self) -> int:
            return len(images)

        def __getitem__(self, index: int) -> torch.Tensor:
            return (images[index].float() / 255 - 0.5) / 0.5

    loader = DataLoader(Images(), BATCH_SIZE, shuffle=True, drop_last=True)

    def endless() -> Iterator[torch.Tensor]:
        while True:
            yield from loader

    source = endless()
    ones = torch.ones(BATCH_SIZE, device=device)
    zeros = torch.zeros(BATCH_SIZE, device=device)

    def step() -> None:
        real = next(source).to(device)
        fake = g(torch.randn(BATCH_SIZE, latent_dim, device=device))
        adam[d].zero_grad()
        (cross_entropy(d(real), ones) + cross_entropy(d(fake.detach()), zeros)).backward()
        adam[d].step()
        adam[g].zero_grad()
        cross_entropy(d(fake), ones).backward()
        adam[g].step()

    return step


def _game(model_name: str):  # type: ignore[no-untyped-def]
    """The parameters, a fresh method and random images (IMAGES, 1, 32, 32) uint8."""
    import torch

    from ganpipe.data.spec import DataSpec, Domain
    from ganpipe.methods.build import build_method
    from ganpipe.params import load_params

    params = load_params(Path(sys.path[0]).parent / "params.yaml")  # of the worker's checkout
    spec = DataSpec("random", Domain(1, 32, 32), IMAGES, 0)
    images = torch.randint(0, 256, (IMAGES, *spec.target.image_shape), dtype=torch.uint8)
    return params, build_method(params.models[model_name], spec, 0), images


def work(kind: str, model_name: str, precision: str) -> None:
    """Answer every line ``n`` on stdin with the seconds that n steps take."""
    import torch

    step = {"ours": ours, "textbook": textbook}[kind](model_name, precision)

    def finish() -> None:
        if torch.cuda.is_available():
            torch.cuda.synchronize()

    for line in sys.stdin:
        finish()
        started = time.perf_counter()
        for _ in range(int(line)):
            step()
        finish()
        print(time.perf_counter() - started, flush=True)


class Contestant:
    """A process that runs steps when asked."""

    def __init__(self, source: Path, *arguments: str) -> None:
        command = [sys.executable, str(HERE), "--worker", str(source), *arguments]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)

    def seconds(self, steps: int) -> float:
        """Of one step, in a round of ``steps``."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{steps}\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline()) / steps


def compete(model: str, against: Path | None, precision: str, rounds: int, steps: int) -> None:
    """Alternate rounds and print medians, spreads and the medians of the paired ratios."""
    names = {"this checkout": Contestant(SOURCE, "ours", model, precision)}
    if against is None:
        names["textbook loop, fp32"] = Contestant(SOURCE, "textbook", model, precision)
    else:
        names[f"{against}"] = Contestant(against.resolve(), "ours", model, precision)
    for contestant in names.values():
        contestant.seconds(steps)  # warm up
    taken: dict[str, list[float]] = {name: [] for name in names}
    orders = itertools.cycle([list(names), list(reversed(names))])
    for order in itertools.islice(orders, rounds):
        for name in order:
            taken[name].append(names[name].seconds(steps))
    for contestant in names.values():
        contestant.process.kill()
    first, other = names
    for name, times in taken.items():
        low, middle, high = statistics.quantiles(times, n=4)
        print(
            f"{model}, {name}{', ' + precision if name == first else ''}: "
            f"{1000 * middle:.2f} ms a step ({1000 * low:.2f} .. {1000 * high:.2f})"
        )
    ratios = [b / a for a, b in zip(taken[first], taken[other], strict=True)]
    low, middle, high = statistics.quantiles(ratios, n=4)
    print(f"{model}: {other} takes {middle:.3f} ({low:.3f} .. {high:.3f}) times as long")


def main() -> None:
    """Be a worker, or ask workers."""
    if sys.argv[1:2] == ["--worker"]:
        source, kind, model, precision = sys.argv[2:]
        sys.path.insert(0, source)
        return work(kind, model, precision)
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", default="dcgan")
    parser.add_argument("--against", type=Path, help="the src folder of another checkout")
    parser.add_argument("--precision", choices=["fp32", "bf16"], default="fp32")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--steps", type=int, default=10, help="of each round")
    options = parser.parse_args()
    compete(options.model, options.against, options.precision, options.rounds, options.steps)


if __name__ == "__main__":
    main()
