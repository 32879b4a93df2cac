"""One URL to one file: time-outs, retries with backoff, and resumption of what is there."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests
from requests.exceptions import ConnectTimeout, RequestException, TooManyRedirects
from tqdm import tqdm
from urllib3.exceptions import HTTPError

CONNECT_SECONDS = 5.0  # for each address of a host
READ_SECONDS = 20.0  # without a single byte
WINDOW_SECONDS = 30.0  # over which the slowest bearable rate is measured
SLOWEST_RATE = 1024  # bytes a second
ATTEMPTS = 3  # in a row without PROGRESS_BYTES of progress
PROGRESS_BYTES = 1 << 20
BACKOFF_SECONDS = 1.0  # before the second attempt; doubled before each further one
BLOCK = 1 << 16


class SourceError(Exception):
    """The reason why a source did not give a file, as a clause to be put after its name."""


class UnreachableError(SourceError):
    """The host did not answer; it is not asked for further files."""


class _PassingError(Exception):
    """Something that may be over at the next attempt."""


def fetch(url: str, part: Path, limit: int) -> None:
    """Download ``url`` to ``part``, going on behind the bytes that ``part`` already holds.

    ``limit`` is the number of bytes beyond which the answer cannot be what was asked for. What
    was received stays in ``part`` after a failure. Raises SourceError; its content is not checked.
    """
    attempts = 0
    while True:
        before = _size(part)
        try:
            return _receive(url, part, limit)
        except _PassingError as error:
            attempts = 0 if _size(part) - before >= PROGRESS_BYTES else attempts + 1
            if attempts == ATTEMPTS:
                raise UnreachableError(f"{error} ({ATTEMPTS} attempts)") from None
        time.sleep(BACKOFF_SECONDS * 2 ** max(attempts - 1, 0))


def _receive(url: str, part: Path, limit: int) -> None:
    """One attempt: ask for the bytes behind those that ``part`` holds and append them."""
    start = _size(part)
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
    with (
        _network_errors(),
        requests.get(
            url, headers=headers, stream=True, timeout=(CONNECT_SECONDS, READ_SECONDS)
        ) as response,
    ):
        if response.status_code == 416:
            part.unlink()
            raise _PassingError("has fewer bytes than the partial file")
        _check_status(response)
        if not response.headers.get("Content-Range", "").startswith(f"bytes {start}-"):
            start = 0  # the whole file is sent, whatever was asked for
        length = response.headers.get("Content-Length", "")
        total = start + int(length) if length.isdigit() else None
        if total is not None and total > limit:
            raise SourceError(f"offers {total:,} bytes where at most {limit:,} are right")
        bar = tqdm(total=total, initial=start, desc=part.stem, unit="B", unit_scale=True,
                   disable=None, leave=False)  # fmt: skip
        with bar, part.open("ab" if start else "wb") as target:
            received = start
            for block in _blocks(response):
                received += len(block)
                if received > limit:
                    raise SourceError(f"sends more than the {limit:,} bytes that are right")
                target.write(block)
                bar.update(len(block))


def _check_status(response: requests.Response) -> None:
    """Refuse anything but a file."""
    if response.status_code == 429 or response.status_code >= 500:
        raise _PassingError(f"answers {response.status_code} {response.reason}")
    if response.status_code not in (200, 206):
        raise SourceError(f"answers {response.status_code} {response.reason}")
    if response.headers.get("Content-Type", "").startswith("text/html"):
        raise SourceError("sends a web page instead of the file")


def _blocks(response: requests.Response) -> Iterator[bytes]:
    """The body as it arrives; a sender slower than SLOWEST_RATE is given up."""
    begin, count = time.monotonic(), 0
    while block := response.raw.read1(BLOCK):
        yield block
        count += len(block)
        seconds = time.monotonic() - begin
        if seconds > WINDOW_SECONDS:
            if count < SLOWEST_RATE * seconds:
                raise _PassingError(f"sent only {count:,} bytes in {seconds:.0f} s")
            begin, count = time.monotonic(), 0


@contextmanager
def _network_errors() -> Iterator[None]:
    """Turn what requests and urllib3 raise into a clause for the user."""
    try:
        yield
    except TooManyRedirects:
        raise SourceError("redirects in a circle") from None
    except ConnectTimeout:
        # The system has sent its connection request several times already: no second attempt.
        raise UnreachableError("the host does not answer") from None
    except (ValueError, requests.exceptions.InvalidSchema) as error:
        raise SourceError(f"is not a URL to download from ({error})") from None
    except (RequestException, HTTPError) as error:
        raise _PassingError(_clause(error)) from None


def _clause(error: Exception) -> str:
    """The innermost reason, without the objects that urllib3 prints."""
    text = str(error).lower()
    for sign, clause in (
        ("resolve", "the host's name cannot be resolved"),
        ("timed out", "the host stopped answering"),
        ("refused", "the connection was refused"),
        ("proxy", "the proxy does not let it through"),
        ("certificate", "its certificate cannot be verified"),
        ("unreachable", "the network is unreachable"),
        ("incompleteread", "the connection is closed half way"),
        ("reset", "the connection was reset"),
        ("aborted", "the connection was closed without an answer"),
    ):
        if sign in text:
            return clause
    return f"the connection failed ({type(error).__name__})"


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
