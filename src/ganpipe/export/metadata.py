"""Facts of a model that its ONNX file carries."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ganpipe.evaluation.protocol import protocol_hash

FROM_PROVENANCE = {"model": "model_name", "dataset": "dataset"} | {
    name: name for name in ("seed", "images_seen", "weights")
}


def metadata_of(provenance: Mapping[str, Any], protocol: Mapping[str, Any]) -> dict[str, str]:
    """Metadata as JSON by name: what ``provenance`` of a weights file says of its training, null
    where it says nothing, and the hash of ``protocol``, null unless it is of these weights."""
    known = {name: provenance.get(there) for name, there in FROM_PROVENANCE.items()}
    fits = measured(provenance, protocol)
    content = {**known, "protocol": protocol_hash(dict(protocol)) if fits else None}
    return {name: json.dumps(value) for name, value in content.items()}


def measured(provenance: Mapping[str, Any], protocol: Mapping[str, Any]) -> bool:
    """Whether a protocol is of the weights that ``provenance`` describes."""
    there = protocol.get("generated", {})
    names = {"model": "model_name", "seed": "seed", "images_seen": "images_seen"}
    names |= {"weights": "weights"}
    return all(there.get(name) == provenance.get(ours, 0) for name, ours in names.items())
