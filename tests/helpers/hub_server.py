"""A stand-in for the Hugging Face Hub on the loopback: it takes a commit of small files."""

from __future__ import annotations

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Handler(BaseHTTPRequestHandler):
    """Answers huggingface_hub, which asks who it is, makes a repository and commits to it."""

    server: Hub

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append(self.path)
        if self.server.refuses or self.headers.get("Authorization") != "Bearer right":
            return self._answer({"error": "not yours"}, 403)
        if self.path.endswith("/preupload/main"):
            files = [
                {"path": each["path"], "uploadMode": "regular", "shouldIgnore": False}
                for each in json.loads(body)["files"]
            ]
            return self._answer({"files": files})
        if self.path.endswith("/commit/main"):
            for line in map(json.loads, body.splitlines()):
                if line["key"] == "file":
                    content = base64.b64decode(line["value"]["content"])
                    self.server.files[line["value"]["path"]] = content
            address = f"{self.server.url}/me/digits"
            return self._answer(
                {"success": True, "commitUrl": f"{address}/commit/1", "commitOid": "1"}
            )
        answers: dict[str, dict[str, Any]] = {
            "/api/repos/create": {"url": f"{self.server.url}/me/digits"},
            "/api/validate-yaml": {"warnings": [], "errors": []},
        }
        self._answer(answers.get(self.path, {}), 200 if self.path in answers else 404)

    def do_GET(self) -> None:
        if self.path != "/api/whoami-v2":
            return self._answer({}, 404)
        self.server.asked.append(self.path)
        known = self.headers.get("Authorization") == "Bearer right"
        self._answer({"name": "me"} if known else {"error": "not known"}, 200 if known else 401)

    def _answer(self, content: dict[str, Any], status: int = 200) -> None:
        text = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *arguments: object) -> None:
        """Keep the test's output clean."""


class Hub(ThreadingHTTPServer):
    """``files`` holds what was committed to the repository me/digits; the token is `right`."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.files: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.refuses = False
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()
