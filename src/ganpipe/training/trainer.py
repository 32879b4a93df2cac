"""The stage `train`: weights, the training curve, progress grids and times from prepared data."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ganpipe.core import paths
from ganpipe.data.spec import DataSpec
from ganpipe.methods.build import build_method
from ganpipe.methods.config import AnyModelConfig
from ganpipe.methods.method import Method
from ganpipe.optim.build import resolve
from ganpipe.optim.config import OptimizerConfig
from ganpipe.optim.schedule import value_at
from ganpipe.recovery.checkpoint import Checkpoints
from ganpipe.recovery.fingerprint import parts_of
from ganpipe.recovery.interrupt import stop_requests
from ganpipe.recovery.resume import exit_after_signal, resumable
from ganpipe.runtime.device import describe, pick_device, set_deterministic
from ganpipe.runtime.environment import here
from ganpipe.runtime.memory import device_errors
from ganpipe.runtime.precision import pick_precision
from ganpipe.runtime.threads import set_threads
from ganpipe.sampling.fixed import FixedGrid, fixed_grid
from ganpipe.sampling.grids import save_grid
from ganpipe.sampling.trained import save_sampler
from ganpipe.storage.files import write_json
from ganpipe.storage.tensor_file import write_tensors
from ganpipe.training.budget import check_budget
from ganpipe.training.config import TrainConfig
from ganpipe.training.data import load_batches, source_files, spec_for
from ganpipe.training.journal import Journal
from ganpipe.training.loop import total_steps, train
from ganpipe.training.state import State, load_state_dict, start, state_dict

log = logging.getLogger(__name__)

PROGRESS_ROWS = 8  # of each progress grid; of a conditioned sampler's a row a class
PROGRESS_COLUMNS = 8


@dataclass(frozen=True, kw_only=True)
class Job:
    """The configuration of a run, with all defaults resolved."""

    name: str  # of the model's block
    model: AnyModelConfig
    optimizers: Mapping[str, OptimizerConfig]  # by player
    config: TrainConfig  # precision fp32 or bf16, threads that are there, the model's average
    seed: int
    spec: DataSpec
    device: torch.device

    def provenance(self, images_seen: int, weights: str) -> dict[str, Any]:
        """The origin of a weights file, for its header."""
        known: dict[str, Any] = {
            "model_name": self.name,
            "model": self.model.model_dump(mode="json"),
            "dataset": self.spec.name,
            "seed": self.seed,
            "precision": self.config.precision,
            "threads": self.config.threads,
            "images_seen": images_seen,
            "weights": weights,
        }
        if self.spec.range is not None:
            known["range"] = list(self.spec.range)
        return known


def train_model(
    name: str,
    *,
    model: AnyModelConfig,
    default_optimizer: OptimizerConfig,
    config: TrainConfig,
    seed: int,
) -> None:
    """Train ``model`` on the prepared data and write every output of the stage.

    Raises GanpipeError if data are missing, the device is unavailable, the budget is too small, or
    the loss diverges.
    """
    device = pick_device(config.device)
    set_deterministic(config.deterministic)
    found: dict[str, Any] = {
        "precision": pick_precision(config.precision, device),
        "threads": set_threads(config.threads),
    }
    own = {name: getattr(model, name) for name in ("ema_decay", "ema_ramp")}
    found |= {name: value for name, value in own.items() if value is not None}
    config = config.model_copy(update=found)
    spec = spec_for(model)
    with device_errors("train.batch_size", config.batch_size):
        method = build_method(model, spec, seed)
    optimizers = {
        player: resolve(default_optimizer, model.optimizer, player) for player in method.players
    }
    job = Job(
        name=name,
        model=model,
        optimizers=optimizers,
        config=config,
        seed=seed,
        spec=spec,
        device=device,
    )
    parts = parts_of(
        name,
        model=model,
        optimizers=optimizers,
        config=config,
        seed=seed,
        prepared=paths.PREPARED,
        sources=source_files(spec),
        device=device,
    )
    fewer = "raise train.accumulate, or choose smaller networks"
    with (
        resumable(parts) as checkpoints,
        device_errors("train.batch_size", config.batch_size, fewer),
    ):
        _run(job, method, checkpoints)


def _run(job: Job, method: Method, checkpoints: Checkpoints) -> None:
    config = job.config
    batches = load_batches(job.spec, batch_size=config.batch_size, seed=job.seed, device=job.device)
    state = start(method, job.optimizers, job.device)
    total = total_steps(state, batches, config)
    check_budget(
        method, epochs=config.epochs, per_epoch=batches.per_epoch, total=total, model_name=job.name
    )
    log.info(f"training {job.name} on {describe(job.device)}, {config.precision}")
    journal = Journal(
        paths.TRAIN_CURVE,
        logged=method.logged,
        every=config.log_every,
        total=total,
        model_name=job.name,
    )
    fixed = {
        name: fixed_grid(sampler, PROGRESS_ROWS, PROGRESS_COLUMNS, job.seed)
        for name, sampler in state.averages.items()
    }
    first = next(iter(job.optimizers.values()))  # whose learning rate is logged
    before = _restore(checkpoints, state, journal, job.device)
    started = time.monotonic() - before

    def images_seen() -> int:
        return method.batches_before(state.step) * config.batch_size

    def after_step(state: State, parts: dict[str, Tensor]) -> None:
        lr = value_at(first.lr, (state.step - 1) / total)
        if journal.add(state.step, parts, images_seen=images_seen(), lr=lr):
            _write_metrics(method, journal)
        taken, now = (method.batches_before(step) for step in (state.step - 1, state.step))
        last = state.step == total  # also where the budget has a few batches more, but no step
        epoch = config.epochs if last else finished_epoch(taken, now, batches.per_epoch)
        # A step may finish several epochs: one of them is to be kept, not always the last.
        if last or finished_epoch(taken, now, batches.per_epoch * config.snapshot_every):
            journal.check()  # before the grid, whose error could not name the step
            _save_snapshot(job, state, fixed, images_seen())
        if epoch:
            journal.epoch(epoch, config.epochs, images_seen() / (time.monotonic() - started))
        asked = stop_request()
        if epoch or asked or checkpoints.due():
            _save(checkpoints, state, journal, time.monotonic() - started)
        if asked:
            journal.close()
            exit_after_signal(asked, state.step, total)

    if not state.step:
        _save_grids(state, fixed, 0)
    if journal.last:  # DVC deleted what the run before had written
        _write_metrics(method, journal)
    with stop_requests() as stop_request:
        train(state, batches, config, after_step)
    journal.close()
    _write_results(job, state, images_seen())
    _write_records(job, time.monotonic() - started, images_seen())


def finished_epoch(before: int, after: int, per_epoch: int) -> int:
    """The number (from 1) of the last epoch that a step finished, or 0, by the batches taken
    ``before`` and ``after`` it."""
    epoch = after // per_epoch
    return epoch if epoch > before // per_epoch else 0


def parameter_counts(method: Method) -> dict[str, int]:
    """``<player>_parameters`` for every player."""
    return {
        f"{name}_parameters": sum(weight.numel() for weight in player.parameters())
        for name, player in method.players.items()
    }


def _restore(
    checkpoints: Checkpoints, state: State, journal: Journal, device: torch.device
) -> float:
    """Restore ``state``, ``journal`` and the output files from the newest checkpoint, if any.

    Returns the seconds that were trained before it.
    """
    content = checkpoints.restore()
    if content is None:
        return 0.0
    load_state_dict(state, content["state"])
    journal.load_state_dict(content["journal"], state.step, device)
    log.info(f"going on after step {state.step}, from a checkpoint")
    return float(content["seconds"])


def _save(checkpoints: Checkpoints, state: State, journal: Journal, seconds: float) -> None:
    """Write a checkpoint. Raises GanpipeError if a loss is no longer finite, since no run could
    continue from there."""
    journal.check()
    content = {"state": state_dict(state), "journal": journal.state_dict(), "seconds": seconds}
    checkpoints.save(state.step, content)


def _write_metrics(method: Method, journal: Journal) -> None:
    """Write the newest row of the curve, so that tables live while training runs."""
    write_json(paths.TRAIN_METRICS, {**journal.last, **parameter_counts(method)})


def _save_snapshot(job: Job, state: State, fixed: dict[str, FixedGrid], images_seen: int) -> None:
    _save_grids(state, fixed, images_seen)
    for name, average in state.averages.items():
        provenance = job.provenance(images_seen, "ema")
        save_sampler(paths.snapshot(images_seen, name), average, provenance)


def _save_grids(state: State, fixed: dict[str, FixedGrid], images_seen: int) -> None:
    for name, average in state.averages.items():
        images = fixed[name].images(average)
        save_grid(paths.progress_grid(images_seen, name), images, PROGRESS_COLUMNS)


def _write_results(job: Job, state: State, images_seen: int) -> None:
    """Write the weights: of each sampler, its average and its last update; of each other player,
    the last update."""
    sampled: set[int] = set()
    for name, sampler in state.method.samplers().items():
        average = state.averages[name]
        save_sampler(paths.generator(name), average, job.provenance(images_seen, "ema"))
        raw = paths.generator(name, raw=True)
        save_sampler(raw, sampler, job.provenance(images_seen, "raw"))
        sampled |= {id(weight) for weight in sampler.parameters()}
    for name, player in state.method.players.items():
        if not all(id(weight) in sampled for weight in player.parameters()):
            header = {"provenance": job.provenance(images_seen, name)}
            tensors = nn.ModuleDict({name: player}).state_dict()
            write_tensors(paths.player(name), tensors, header)


def _write_records(job: Job, seconds: float, images_seen: int) -> None:
    """Write times and the environment. No stage depends on them, since they differ between runs."""
    speed = round(images_seen / seconds, 1)
    write_json(paths.TIMING, {"train_seconds": round(seconds, 1), "images_per_second": speed})
    config = job.config
    arithmetic = {"precision": config.precision, "deterministic": config.deterministic}
    write_json(paths.ENVIRONMENT, {**here(describe(job.device)), **arithmetic})
