"""ganpipe: reproducible GAN experiments on DVC stages.

>>> import ganpipe
>>> model = ganpipe.load("models/generator.safetensors")
>>> images = model.sample(64, seed=1, label="7")  # uint8 (64, height, width, channels)
"""

from __future__ import annotations

from os import PathLike
from typing import TYPE_CHECKING, Any

from ganpipe.core.errors import GanpipeError

if TYPE_CHECKING:  # they import torch, which takes seconds
    from ganpipe.sampling.sampler import Sampler
    from ganpipe.sampling.trained import Trained

__all__ = ["GanpipeError", "Sampler", "Trained", "__version__", "load"]
__version__ = "0.1.0"

DEVICES = ("auto", "cuda", "mps", "cpu")


def load(path: str | PathLike[str], device: str = "auto") -> Trained:
    """Load a trained generator from a weights file, such as ``models/generator.safetensors``.

    ``device`` is cuda, mps, cpu or auto, which takes the first of the three that is there. The
    model draws images (``sample``), and says its ``classes``, its ``image_shape`` and, in
    ``provenance``, what it was trained with; its ``sampler`` maps torch tensors to tensors. Raises
    GanpipeError where the file is missing, damaged or no generator's, and where the device is not
    there.
    """
    from pathlib import Path

    from ganpipe.runtime.device import pick_device
    from ganpipe.sampling.trained import load_trained

    if device not in DEVICES:
        raise GanpipeError(f"device is '{device}'; name one of {', '.join(DEVICES)}")
    return load_trained(Path(path), pick_device(device, "device"))


def __getattr__(name: str) -> Any:
    """Import the classes of the library when they are first used."""
    if name == "Sampler":
        from ganpipe.sampling.sampler import Sampler

        return Sampler
    if name == "Trained":
        from ganpipe.sampling.trained import Trained

        return Trained
    raise AttributeError(f"module 'ganpipe' has no attribute '{name}'")
