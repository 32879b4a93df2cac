"""A web server on the loopback that misbehaves as a test tells it to."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answer = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    """Looks up what to do by the path, and notes who asked for what."""

    protocol_version = "HTTP/1.1"
    server: Web

    def do_GET(self) -> None:
        self.server.asked.append((self.path, self.headers.get("Range", "")))
        self.server.answers.get(self.path, status(404))(self)
        self.close_connection = True

    def log_message(self, *arguments: object) -> None:
        """Keep the test's output clean."""

    def begin(self, code: int, length: int | None, **headers: str) -> None:
        """Status line and headers."""
        self.send_response(code)
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.send_header("Connection", "close")
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()


class Web(ThreadingHTTPServer):
    """``answers`` by path; ``asked`` is the list of (path, Range) so far."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: dict[str, Answer] = {}
        self.asked: list[tuple[str, str]] = []
        self.ending = threading.Event()
        self.url = f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        """Let hanging answers go and free the port."""
        self.ending.set()
        self.shutdown()
        self.server_close()


def whole(content: bytes) -> Answer:
    """The file, or the part of it that is asked for."""

    def answer(handler: Handler) -> None:
        wanted = handler.headers.get("Range")
        if not wanted:
            handler.begin(200, len(content))
            handler.wfile.write(content)
            return
        start = int(wanted.removeprefix("bytes=").rstrip("-"))
        if start >= len(content):
            handler.begin(416, 0)
            return
        span = f"bytes {start}-{len(content) - 1}/{len(content)}"
        handler.begin(206, len(content) - start, Content_Range=span)
        handler.wfile.write(content[start:])

    return answer


def without_ranges(content: bytes) -> Answer:
    """The whole file, whatever part is asked for."""

    def answer(handler: Handler) -> None:
        handler.begin(200, len(content))
        handler.wfile.write(content)

    return answer


def cut(content: bytes, at: int) -> Answer:
    """Promise all and close the connection half way; later requests get at most `at` more."""

    def answer(handler: Handler) -> None:
        start = int(handler.headers.get("Range", "bytes=0-").removeprefix("bytes=").rstrip("-"))
        span = f"bytes {start}-{len(content) - 1}/{len(content)}"
        handler.begin(206 if start else 200, len(content) - start, Content_Range=span)
        handler.wfile.write(content[start : start + at])

    return answer


def status(code: int) -> Answer:
    """Nothing but a status."""
    return lambda handler: handler.begin(code, 0)


def web_page(handler: Handler) -> None:
    """What a login portal sends in place of any file."""
    page = b"<html>please log in</html>"
    handler.begin(200, len(page), Content_Type="text/html; charset=utf-8")
    handler.wfile.write(page)


def hang(handler: Handler) -> None:
    """Accept the request and never answer."""
    handler.server.ending.wait(60)


def trickle(handler: Handler) -> None:
    """A byte now and then, for far too long."""
    handler.begin(200, 100_000)
    for _ in range(200):
        if handler.server.ending.wait(0.05):
            return
        try:
            handler.wfile.write(b".")
        except OSError:
            return


def redirect(to: str) -> Answer:
    """Somewhere else."""
    return lambda handler: handler.begin(302, 0, Location=to)


def endless(handler: Handler) -> None:
    """Many more bytes than the file has, without saying how many."""
    handler.begin(200, None)
    try:
        for _ in range(200):
            handler.wfile.write(bytes(1 << 16))
    except OSError:
        return
