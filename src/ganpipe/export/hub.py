"""Uploads to the Hugging Face Hub, with the extra `hub`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import cast

from ganpipe.core.errors import GanpipeError

INSTALL = "python -m pip install --editable '.[hub]'"


def expect_hub(repository: str) -> None:
    """Raise GanpipeError where the package, a valid token or the connection is missing, so that
    none of them is noticed only after minutes."""
    if find_spec("huggingface_hub") is None:
        raise GanpipeError(
            "huggingface_hub is not installed, which --push needs; install the extra: " + INSTALL
        )
    from huggingface_hub import HfApi

    with _one_sentence(repository):
        HfApi(library_name="ganpipe").whoami()


def push(repository: str, files: Sequence[Path]) -> str:
    """Upload ``files`` to the model repository NAME or OWNER/NAME in one commit, and return its
    address. The repository is made where it is missing.

    The token is the one of `hf auth login` or HF_TOKEN. Raises GanpipeError where the Hub refuses
    or cannot be reached.
    """
    from huggingface_hub import CommitOperationAdd, HfApi

    api = HfApi(library_name="ganpipe")
    with _one_sentence(repository):
        target = api.create_repo(repository, exist_ok=True)
        operations = [CommitOperationAdd(each.name, str(each)) for each in files]
        message = "Upload a generator of ganpipe"
        api.create_commit(target.repo_id, operations, commit_message=message)
    return str(target)


@contextmanager
def _one_sentence(repository: str) -> Iterator[None]:
    """Turn what the package raises for a refusal or for a lack of connection into GanpipeError."""
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalTokenNotFoundError

    # Its own errors are also those of what transports it, whichever package that is.
    transport = cast("tuple[type[Exception], ...]", HfHubHTTPError.__bases__)
    try:
        yield
    except (HfHubHTTPError, HFValidationError, LocalTokenNotFoundError) as error:
        raise GanpipeError(
            f"{repository} cannot be written to ({_reason(error)}); name a repository of yours, "
            "and log in with `hf auth login`"
        ) from None
    except transport as error:
        raise GanpipeError(
            f"the Hub cannot be reached for {repository} ({_reason(error)}); check the network, "
            "and run the command again"
        ) from None


def _reason(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
