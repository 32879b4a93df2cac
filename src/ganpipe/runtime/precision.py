"""Choosing the arithmetic that a device is fast at."""

from __future__ import annotations

import torch


def pick_precision(name: str, device: torch.device) -> str:
    """``fp32`` or ``bf16``: auto takes bf16 where the device has instructions for it, since
    emulated it is slower than fp32."""
    if name != "auto":
        return name
    native = {
        "cuda": lambda: torch.cuda.is_bf16_supported(including_emulation=False),
        "mps": lambda: False,
        "cpu": torch.cpu._is_avx512_bf16_supported,
    }
    return "bf16" if native[device.type]() else "fp32"
