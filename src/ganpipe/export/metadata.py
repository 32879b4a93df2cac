"""Facts of a model that its ONNX file carries."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ganpipe.evaluation.protocol import DIGEST, protocol_hash
from ganpipe.sampling.pictures import BACK
from ganpipe.sampling.trained import Trained

FROM_PROVENANCE = {"model": "model_name", "dataset": "dataset"} | {
    name: name for name in ("seed", "images_seen", "weights")
}


def metadata_of(trained: Trained, protocol: Mapping[str, Any]) -> dict[str, str]:
    """Metadata as JSON by name: what the weights file says of its training, null where it says
    nothing, its digest, and the hash of ``protocol``, null unless it is of these weights."""
    known = {name: trained.provenance.get(there) for name, there in FROM_PROVENANCE.items()}
    fits = measured(trained, protocol) or measured(trained, protocol, back=True)
    hashed = protocol_hash(dict(protocol)) if fits else None
    content = {**known, DIGEST: trained.digest, "protocol": hashed}
    return {name: json.dumps(value) for name, value in content.items()}


def measured(trained: Trained, protocol: Mapping[str, Any], *, back: bool = False) -> bool:
    """Whether ``protocol`` is of these weights, or, with ``back``, whether they are those of the
    way back; one that records no weights may be of any, and is not."""
    recorded = protocol.get("generated", {}).get(f"{DIGEST}_{BACK}" if back else DIGEST)
    return trained.digest is not None and recorded == trained.digest


def is_made_of(onnx: Path, trained: Trained) -> bool:
    """Whether the metadata of an ONNX file, which lie in it as they are, name these weights."""
    return trained.digest is not None and trained.digest.encode() in onnx.read_bytes()
