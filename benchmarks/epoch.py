"""Seconds of a processor (or of a GPU) that an epoch takes as params.yaml says, without snapshots.

    python benchmarks/epoch.py

A few seconds are trained at each of some points of a run, since some blocks grow while they train.
On the CPU it is the time of this process that counts, so that busy neighbours change little.
"""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))

POINTS = (0.05, 0.3, 0.55, 0.8)  # shares of the run
SECONDS = 5.0  # of training at each of them
EPOCHS = 100  # of the run
WARM_UP = 3  # steps before the clock starts


def seconds_of_epoch() -> float:
    """Seconds that an epoch of the chosen model takes on the prepared data."""
    from ganpipe.methods.build import build_method
    from ganpipe.optim.build import resolve
    from ganpipe.params import load_params
    from ganpipe.runtime.device import pick_device, set_deterministic
    from ganpipe.runtime.precision import pick_precision
    from ganpipe.runtime.threads import set_threads
    from ganpipe.training.data import load_batches, spec_for
    from ganpipe.training.loop import total_steps, train_step
    from ganpipe.training.state import start

    params = load_params()
    model, device = params.chosen_model, pick_device(params.train.device)
    set_deterministic(params.train.deterministic)
    set_threads(params.train.threads)
    precision = pick_precision(params.train.precision, device)
    config = params.train.model_copy(update={"precision": precision, "epochs": EPOCHS})
    spec = spec_for(model)
    method = build_method(model, spec, params.seed)
    optimizers = {name: resolve(params.optimizer, model.optimizer, name) for name in method.players}
    state = start(method, optimizers, device)
    batches = load_batches(spec, batch_size=config.batch_size, seed=params.seed, device=device)
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
    print(f"{seconds_of_epoch():.2f}")


if __name__ == "__main__":
    from ganpipe.core.command import run

    run(main)
