"""Seconds of a processor (or of a GPU) that an epoch of a block takes, without snapshots.

    python benchmarks/epoch.py dcgan
    python benchmarks/epoch.py wgan_gp --batch-size 64

A few seconds are trained at each of some points of a run, since some blocks grow while they train.
On the CPU it is the time of this process that counts, so that busy neighbours change little.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))

POINTS = (0.05, 0.3, 0.55, 0.8)  # shares of the run
SECONDS = 5.0  # of training at each of them
EPOCHS = 100  # of the run
WARM_UP = 3  # steps before the clock starts


def seconds_of_epoch(block: str, batch_size: int | None) -> float:
    """Seconds that an epoch takes, by default in batches of train.batch_size."""
    import torch

    from ganpipe.core import paths
    from ganpipe.data.loading.arrays import load_images, load_labels, load_spec
    from ganpipe.data.loading.batches import Batches, to_device
    from ganpipe.methods.build import build_method
    from ganpipe.optim.build import resolve
    from ganpipe.params import load_params
    from ganpipe.runtime.device import pick_device, set_deterministic
    from ganpipe.runtime.precision import pick_precision
    from ganpipe.runtime.threads import set_threads
    from ganpipe.training.loop import total_steps, train_step
    from ganpipe.training.state import start

    params, spec = load_params(), load_spec(paths.PREPARED)
    model, device = params.models[block], pick_device(params.train.device)
    set_deterministic(params.train.deterministic)
    set_threads(params.train.threads)
    precision = pick_precision(params.train.precision, device)
    config = params.train.model_copy(update={"precision": precision, "epochs": EPOCHS})
    method = build_method(model, spec, params.seed)
    optimizers = {name: resolve(params.optimizer, model.optimizer, name) for name in method.players}
    state = start(method, optimizers, device)
    labels = load_labels(paths.PREPARED, "train")
    batches = Batches(
        to_device(load_images(paths.PREPARED, "train"), device),
        None if labels is None else torch.from_numpy(labels),
        batch_size=batch_size or config.batch_size,
        seed=params.seed,
        device=device,
        padding=spec.target.padding,
    )
    total = total_steps(state, batches, config)
    clock = time.process_time if device.type == "cpu" else time.perf_counter

    def seconds_per_batch(share: float) -> float:
        state.step = int(share * total)
        for _ in range(WARM_UP):
            train_step(state, batches, config)
        before, started = method.batches_before(state.step), clock()
        while clock() < started + SECONDS:
            train_step(state, batches, config)
        taken = method.batches_before(state.step) - before
        return (clock() - started) / taken

    return statistics.mean(map(seconds_per_batch, POINTS)) * batches.per_epoch


def main() -> None:
    """Print the number of seconds."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument("block")
    parser.add_argument("--batch-size", type=int)
    options = parser.parse_args()
    print(f"{seconds_of_epoch(options.block, options.batch_size):.2f}")


if __name__ == "__main__":
    from ganpipe.core.command import run

    run(main)
