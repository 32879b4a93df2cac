"""The stage `train`: from prepared images to weights, curve, grids and times."""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ganpipe.core import paths
from ganpipe.data.loading.arrays import load_images, load_labels, load_spec
from ganpipe.data.loading.batches import Batches, to_device
from ganpipe.data.spec import DataSpec
from ganpipe.methods.build import build_method
from ganpipe.methods.config import ModelConfig
from ganpipe.optim.config import OptimizerConfig, Side
from ganpipe.recovery.checkpoint import Checkpoints
from ganpipe.recovery.fingerprint import parts_of
from ganpipe.recovery.interrupt import stop_requests
from ganpipe.recovery.resume import leave, restore, resumable, save
from ganpipe.runtime.device import describe, pick_device, set_deterministic
from ganpipe.runtime.environment import here
from ganpipe.runtime.memory import device_errors
from ganpipe.runtime.precision import pick_precision
from ganpipe.sampling.draw import fixed_inputs, fixed_noise_images
from ganpipe.sampling.grids import save_grid
from ganpipe.sampling.trained import save_weights
from ganpipe.storage.files import write_json
from ganpipe.training.config import TrainConfig
from ganpipe.training.journal import Journal
from ganpipe.training.loop import total_steps, train
from ganpipe.training.state import State, start

log = logging.getLogger(__name__)

PROGRESS_IMAGES = 64  # in each progress grid
PROGRESS_COLUMNS = 8


def train_model(
    name: str, model: ModelConfig, default: OptimizerConfig, config: TrainConfig, seed: int
) -> None:
    """Train ``model`` on the prepared data and write every output of the stage.

    Raises GanpipeError for missing data, a device that is not there or a diverged loss.
    """
    device = pick_device(config.device)
    set_deterministic(config.deterministic)
    config = config.model_copy(update={"precision": pick_precision(config.precision, device)})
    log.info(f"training {name} on {describe(device)}, {config.precision}")
    optimizers = model.optimizer.both(default)
    parts = parts_of(name, model, optimizers, config, seed, paths.PREPARED, device)
    with resumable(parts) as checkpoints, device_errors("train.batch_size", config.batch_size):
        _run(name, model, optimizers, config, seed, device, checkpoints)


def _run(
    name: str,
    model: ModelConfig,
    optimizers: dict[Side, OptimizerConfig],
    config: TrainConfig,
    seed: int,
    device: torch.device,
    checkpoints: Checkpoints,
) -> None:
    spec = load_spec(paths.PREPARED)
    batches = _load_batches(config, seed, device)
    method = build_method(model, spec, seed)
    state = start(method, optimizers, device)
    total = total_steps(state, batches, config)
    journal = Journal(paths.TRAIN_CURVE, config.log_every, total, name)
    fixed = fixed_inputs(method, PROGRESS_IMAGES, seed, device)
    before = restore(checkpoints, state, journal, device)
    started = time.monotonic() - before

    def images_seen() -> int:
        return method.updates_before(state.step) * config.batch_size

    def header() -> dict[str, Any]:
        return {
            "model_name": name,
            "model": model.model_dump(mode="json"),
            "spec": spec.to_dict(),
            "seed": seed,
            "precision": config.precision,
            "images_seen": images_seen(),
        }

    def after_step(state: State, parts: dict[str, Tensor]) -> None:
        lr = state.optimizers["generator"].param_groups[0]["lr"]
        journal.add(state.step, parts, images_seen(), lr)
        before, after = (method.updates_before(step) for step in (state.step - 1, state.step))
        epoch = finished_epoch(before, after, batches.per_epoch)
        if state.step == total or (epoch and epoch % config.snapshot_every == 0):
            journal.check()  # it knows since when, which the grid of a broken generator does not
            _progress_grid(state, fixed, spec, paths.PROGRESS / f"images_{images_seen():09d}.png")
            snapshot = paths.snapshot(images_seen())
            save_weights(snapshot, state.average, {**header(), "weights": "ema"})
        if epoch:
            journal.epoch(epoch, config.epochs, images_seen() / (time.monotonic() - started))
        asked = stop_request()
        if epoch or asked or checkpoints.due():
            save(checkpoints, state, journal, time.monotonic() - started)
        if asked:
            journal.close()
            leave(asked, state.step, total)

    if not state.step:
        _progress_grid(state, fixed, spec, paths.PROGRESS / f"images_{0:09d}.png")
    with stop_requests() as stop_request:
        train(state, batches, config, after_step)
    journal.close()
    _write_results(state, header(), journal.last)
    _write_timing(time.monotonic() - started, images_seen(), device)
    write_json(
        paths.ENVIRONMENT,
        {
            **here(describe(device)),
            "precision": config.precision,
            "deterministic": config.deterministic,
        },
    )


def finished_epoch(before: int, after: int, per_epoch: int) -> int:
    """The number (from 1) of the last epoch that a step finished, or 0, by the discriminator
    updates ``before`` and ``after`` it."""
    epoch = after // per_epoch
    return epoch if epoch > before // per_epoch else 0


def _load_batches(config: TrainConfig, seed: int, device: torch.device) -> Batches:
    images = to_device(load_images(paths.PREPARED, "train"), device)
    labels = load_labels(paths.PREPARED, "train")
    as_tensor = None if labels is None else torch.from_numpy(labels)
    return Batches(images, as_tensor, config.batch_size, seed, device)


def _progress_grid(state: State, inputs: dict[str, Tensor], spec: DataSpec, path: Path) -> None:
    images = fixed_noise_images(state.average, inputs, spec)
    save_grid(path, images, PROGRESS_COLUMNS)


def _write_results(state: State, header: dict[str, Any], last: dict[str, Any]) -> None:
    save_weights(paths.GENERATOR, state.average, {**header, "weights": "ema"})
    save_weights(paths.GENERATOR_RAW, state.method.generator(), {**header, "weights": "raw"})
    save_weights(paths.DISCRIMINATOR, state.method.d_nets, {**header, "weights": "discriminator"})
    sizes = {"generator": state.average, "discriminator": state.method.d_nets}
    parameters = {
        f"{side}_parameters": sum(weight.numel() for weight in nets.parameters())
        for side, nets in sizes.items()
    }
    run = {"model": header["model_name"], "precision": header["precision"]}
    write_json(paths.TRAIN_METRICS, {**run, **last, **parameters})


def _write_timing(seconds: float, images_seen: int, device: torch.device) -> None:
    """For reading only: no stage depends on it, since it differs from run to run."""
    write_json(
        paths.TIMING,
        {
            "train_seconds": round(seconds, 1),
            "images_per_second": round(images_seen / seconds, 1),
            "device": describe(device),
            "torch": torch.__version__,
        },
    )
