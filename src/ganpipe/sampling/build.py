"""Build a sampler from its configuration.

The kind ``kind`` is the module ``ganpipe.sampling.samplers.<kind>`` with a function ``build``.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from ganpipe.core.errors import GanpipeError
from ganpipe.sampling.sampler import Sampler


def build_sampler(content: dict[str, Any], where: str) -> Sampler:
    """The sampler of ``content``, plain JSON of its configuration; ``where`` names its source.

    Raises GanpipeError for an unknown kind and for content that does not fit it.
    """
    kind = str(content.get("kind"))
    name = f"ganpipe.sampling.samplers.{kind}"
    try:
        if kind.startswith("_"):
            raise ModuleNotFoundError(name=name)
        module: Any = import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:  # of something that the sampler's module imports
            raise
        raise GanpipeError(
            f"{where} holds a sampler of the kind '{kind}', which this version of ganpipe does not "
            "know; install the version that wrote it"
        ) from None
    sampler: Sampler = module.build(content, where)
    return sampler
