"""Build a sampler from its configuration.

The kind ``kind`` is the module ``ganpipe.sampling.samplers.<kind>`` with a function ``build``.
"""

from __future__ import annotations

from typing import Any

from ganpipe.core.errors import GanpipeError
from ganpipe.core.plugins import load
from ganpipe.sampling.sampler import Sampler

SAMPLERS = "ganpipe.sampling.samplers"


def build_sampler(content: dict[str, Any], where: str) -> Sampler:
    """The sampler of ``content``, plain JSON of its configuration; ``where`` names its source.

    Raises GanpipeError for an unknown kind and for content that does not fit it.
    """
    kind = str(content.get("kind"))
    try:
        if kind.startswith("_"):
            raise ModuleNotFoundError(name=f"{SAMPLERS}.{kind}")
        module = load(SAMPLERS, kind)
    except ModuleNotFoundError as error:
        if error.name != f"{SAMPLERS}.{kind}":  # of something that the sampler's module imports
            raise
        raise GanpipeError(
            f"{where} holds a sampler of the kind '{kind}', which this version of ganpipe does not "
            "know; install the version that wrote it"
        ) from None
    sampler: Sampler = module.build(content, where)
    return sampler
