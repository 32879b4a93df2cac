"""A real Firefox's window on a page that is a file, driven by Marionette, the protocol that Firefox
itself speaks on a socket: JSON behind its length."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from itertools import count
from pathlib import Path
from typing import Any

from helpers.canvases import SECONDS, Canvases, program

PROGRAMS = ("firefox-esr", "firefox")
PATIENCE = 3 * SECONDS  # with its start, the slowest part
PREFERENCES = {
    "marionette.port": 0,  # a free one, which it writes into the profile
    "remote.prefs.recommended": False,  # they let pages from files do what nobody's Firefox does
    "browser.aboutwelcome.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.page": 0,
    "devtools.console.stdout.content": True,  # what pages write to their console
    "datareporting.policy.dataSubmissionEnabled": False,
    "termsofuse.bypassNotification": True,
}
ERRORS = """
    const all = Services.console.getMessageArray();
    const errors = all.filter((one) => one instanceof Ci.nsIScriptError);
    return errors.filter(({ sourceName }) => /^$|^(file|blob|data):/.test(sourceName)).map(String);
"""  # of pages, not of the browser's own parts


class Firefox(Canvases):
    """A window without a network. ``profile`` is a folder that may be written to."""

    def __init__(self, profile: Path) -> None:
        profile.mkdir()
        lines = (f'user_pref("{name}", {json.dumps(to)});\n' for name, to in PREFERENCES.items())
        (profile / "user.js").write_text("".join(lines))
        self._numbers = count()
        self._output = profile / "stdout.txt"
        command = [
            program(PROGRAMS, package="firefox-esr"), "--headless", "--no-remote",
            "--marionette", "--remote-allow-system-access", "--profile", profile,
        ]  # fmt: skip
        with self._output.open("w") as output:
            self._process = subprocess.Popen(command, stdout=output, stderr=subprocess.DEVNULL)
        try:
            self._socket = socket.create_connection(("127.0.0.1", self._port(profile)), PATIENCE)
            self._stream = self._socket.makefile("rwb")
            self._receive()  # its greeting
            self.version = self._ask("NewSession")["capabilities"]["browserVersion"]
            self._of_the_browser("Services.io.offline = true")
        except BaseException:
            self._process.kill()
            raise

    def _port(self, profile: Path) -> int:
        written = profile / "MarionetteActivePort"
        for _ in range(10 * PATIENCE):
            if written.exists() and (port := written.read_text()):
                return int(port)
            assert self._process.poll() is None, "Firefox ended before it could be driven"
            time.sleep(0.1)
        raise AssertionError("Firefox does not say where it can be driven")

    def close(self) -> None:
        self._socket.close()
        self._process.terminate()
        self._process.wait(SECONDS)

    def open(self, page: Path) -> None:
        """Open a page, and wait until it is ready; complaints of earlier ones are forgotten."""
        self._of_the_browser("Services.console.reset()")
        self._forgotten = len(self._written())
        self._ask("Navigate", url=page.as_uri())
        for _ in range(10 * SECONDS):
            if (state := self.run("return document.documentElement.dataset.state")) != "loading":
                break
            time.sleep(0.1)
        assert state == "ready", self.complaints

    def run(self, script: str, *arguments: object) -> Any:
        """What a function in the page returns, whose body is ``script``."""
        return self._ask("ExecuteScript", script=script, args=arguments)["value"]

    def click(self, where: str) -> None:
        self._ask("ElementClick", id=self._element(where))

    def type(self, where: str, keys: str) -> None:
        """Press keys, one a character, in place of what an element holds."""
        self.run("document.querySelector(arguments[0]).select?.()", where)
        self._ask("ElementSendKeys", id=self._element(where), text=keys)

    @property
    def complaints(self) -> list[str]:
        """All errors of pages, what was denied to them, and what they wrote to their console."""
        errors: list[str] = self._of_the_browser(ERRORS)
        return errors + self._written()[self._forgotten :]

    def urls(self, where: str) -> list[str]:
        script = "return Array.from(document.querySelectorAll(arguments[0]), (c) => c.toDataURL())"
        found: list[str] = self.run(script, where)
        return found

    def _written(self) -> list[str]:
        lines = self._output.read_text().splitlines()
        return [line for line in lines if line.startswith("console.")]

    def _element(self, where: str) -> str:
        found = self._ask("FindElement", using="css selector", value=where)["value"]
        return str(*found.values())

    def _of_the_browser(self, script: str) -> Any:
        self._ask("SetContext", of="Marionette", value="chrome")
        try:
            return self.run(script)
        finally:
            self._ask("SetContext", of="Marionette", value="content")

    def _ask(self, command: str, *, of: str = "WebDriver", **parameters: object) -> Any:
        message = json.dumps([0, next(self._numbers), f"{of}:{command}", parameters]).encode()
        self._stream.write(b"%d:%b" % (len(message), message))
        self._stream.flush()
        _, _, error, result = self._receive()
        assert error is None, error
        return result

    def _receive(self) -> Any:
        length = b""
        while (digit := self._stream.read(1)) != b":":
            assert digit, "Firefox has ended"
            length += digit
        return json.loads(self._stream.read(int(length)))
