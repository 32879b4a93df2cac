"""Uploads to the Hugging Face Hub, with the extra `hub`."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from ganpipe.core.errors import GanpipeError

INSTALL = "python -m pip install --editable '.[hub]'"


def expect_hub() -> None:
    """Raise GanpipeError where the package is missing."""
    if find_spec("huggingface_hub") is None:
        raise GanpipeError(
            "huggingface_hub is not installed, which --push needs; install the extra: " + INSTALL
        )


def push(repository: str, files: Sequence[Path]) -> str:
    """Upload ``files`` to the model repository NAME or OWNER/NAME in one commit, and return its
    address. The repository is made where it is missing.

    The token is the one of `hf auth login` or HF_TOKEN. Raises GanpipeError where the Hub refuses.
    """
    from huggingface_hub import CommitOperationAdd, HfApi
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalTokenNotFoundError

    api = HfApi(library_name="ganpipe")
    try:
        target = api.create_repo(repository, exist_ok=True)
        operations = [CommitOperationAdd(each.name, str(each)) for each in files]
        message = "Upload a generator of ganpipe"
        api.create_commit(target.repo_id, operations, commit_message=message)
    except (HfHubHTTPError, HFValidationError, LocalTokenNotFoundError, OSError) as error:
        reason = " ".join(str(error).split())
        raise GanpipeError(
            f"{repository} cannot be written to ({reason}); name a repository of yours, and log in "
            "with `hf auth login`"
        ) from None
    return str(target)
