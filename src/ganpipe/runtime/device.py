"""Choosing a device and making its arithmetic repeatable."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from ganpipe.core.errors import GanpipeError


def pick_device(name: str, asked_by: str = "train.device") -> torch.device:
    """The device for ``name``: auto takes CUDA, then Apple's MPS, then the CPU.

    Raises GanpipeError where a named device is not there.
    """
    there = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if name == "auto":
        name = next(kind for kind, present in there.items() if present)
    elif not there[name]:
        raise GanpipeError(
            f"{asked_by} is {name}, but this machine has none that PyTorch {torch.__version__} "
            "can use; set it to auto, or install a PyTorch build for the device"
        )
    return torch.device(name)


def describe(device: torch.device) -> str:
    """A device in words: ``cuda (NVIDIA H100)``, ``cpu``."""
    if device.type == "cuda":
        return f"cuda ({torch.cuda.get_device_name(device)})"
    return device.type


def set_deterministic(deterministic: bool) -> None:
    """Ask for the same bits every time, or let the device pick its fastest algorithms.

    Where an operation has no deterministic form, PyTorch raises RuntimeError and names it.
    """
    if deterministic:
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    # The same as use_deterministic_algorithms, which loads PyTorch's compiler: seconds a process.
    torch.set_deterministic_debug_mode("error" if deterministic else "default")
    # On top of it PyTorch would fill every new tensor with NaN, which costs a sixth of the time.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    torch.backends.cudnn.deterministic = deterministic
    torch.backends.cudnn.benchmark = not deterministic


@contextmanager
def deterministic() -> Iterator[None]:
    """Within the block, the same bits every time; after it, whatever the process had asked for."""
    cudnn, memory = torch.backends.cudnn, torch.utils.deterministic
    mode = torch.get_deterministic_debug_mode()
    fill = memory.fill_uninitialized_memory  # type: ignore[attr-defined]
    repeatable, benchmark = cudnn.deterministic, cudnn.benchmark
    set_deterministic(True)
    try:
        yield
    finally:
        torch.set_deterministic_debug_mode(mode)
        memory.fill_uninitialized_memory = fill  # type: ignore[attr-defined]
        cudnn.deterministic, cudnn.benchmark = repeatable, benchmark
