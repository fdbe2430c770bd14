"""A process of ours as an operator has it: started by the command, waited for by what it says, stopped by a signal."""

import http.client
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from typing import Any

PATIENCE = 60
OURS = ("DATABASE_URL", "SECRET_KEY", "PUBLIC_URL", "SMTP_URL", "READYSHELF_ENV", "LOG_LEVEL")


@dataclass
class Process:
    """What it said so far, and where what it logged is kept."""

    popen: "subprocess.Popen[str]"
    log: Path
    said: list[str] = field(default_factory=list)
    port: int = 0
    _lines: "Queue[str | None]" = field(default_factory=Queue)

    def __post_init__(self) -> None:
        Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self.popen.stdout is not None
        for line in self.popen.stdout:
            self._lines.put(line)
        self._lines.put(None)

    def until(self, pattern: str) -> "re.Match[str]":
        """Wait for it to say this."""
        while True:
            try:
                line = self._lines.get(timeout=PATIENCE)
            except Empty:
                raise AssertionError(f"Never said {pattern!r}, only {self.said}: {self.log.read_text()}") from None
            assert line is not None, f"It ended after {self.said}: {self.log.read_text()}"
            self.said.append(line)
            if found := re.search(pattern, line):
                return found

    def until_it_listens(self) -> "Process":
        self.port = int(self.until(r"(?:port |:)(\d+)\.?$")[1])
        return self

    def ends_at(self, number: signal.Signals, within: float = 15) -> int:
        """How it ended: within five seconds, and on a machine that runs four of these at once, a few more."""
        self.popen.send_signal(number)
        try:
            return self.popen.wait(within)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"It didn't end within {within} s: {self.log.read_text()}") from None

    def ask(self, path: str, *, method: str = "GET", body: bytes | None = None, **headers: str) -> "Answer":
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body=body, headers=names)
        reply = connection.getresponse()
        found = Answer(reply.status, reply.read().decode(), reply.headers.get_all("Set-Cookie") or [])
        connection.close()
        return found


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    text: str
    set_cookies: list[str]

    @property
    def json(self) -> Any:
        return json.loads(self.text)


def environment(**settings: str) -> dict[str, str]:
    """This machine's, without what it may know about another Readyshelf."""
    kept = {name: value for name, value in os.environ.items() if name not in OURS}  # noqa: TID251 - a child's needs
    return kept | {"PYTHONUNBUFFERED": "1"} | settings


def command(*words: str) -> list[str]:
    return [str(Path(sys.executable).parent / "readyshelf"), *words]


@contextmanager
def started(words: list[str], home: Path, settings: Mapping[str, str], *, name: str = "") -> Iterator[Process]:
    """Running in this folder until the test lets go of it."""
    log = home / f"{name or words[1]}.log"
    with log.open("wb") as errors, subprocess.Popen(
        words, cwd=home, env=dict(settings), stdout=subprocess.PIPE, stderr=errors, text=True, start_new_session=True
    ) as popen:  # fmt: skip
        try:
            yield Process(popen, log)
        finally:
            popen.kill()


def done(words: list[str], home: Path, settings: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
    """One that ends by itself."""
    return subprocess.run(words, cwd=home, env=dict(settings), capture_output=True, text=True, timeout=120, check=False)
