"""The demo's own mail server: it listens on this machine only, and keeps each letter as a file."""

import itertools
import uuid
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

FOLDER = "demo-mail"


class OnAnyPort(Controller):
    """Listens where the machine has room; the controller itself wants to know its port beforehand."""

    def _trigger_server(self) -> None:
        self.port = getattr(self.server, "sockets")[0].getsockname()[1]  # noqa: B009 - its type hides them
        super()._trigger_server()  # type: ignore[no-untyped-call]


class MailSink:
    """Letters stay on this machine: nobody outside can be written to from a demo."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.count = itertools.count(1 + len(list(folder.glob("*.eml"))))
        self._controller = OnAnyPort(self, hostname="127.0.0.1", port=0)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: ARG002, N802 - aiosmtpd's name
        name = f"{next(self.count):08}-{uuid.uuid4().hex[:8]}"
        unfinished = self.folder / f"{name}.part"
        unfinished.write_bytes(envelope.original_content or b"")
        unfinished.rename(self.folder / f"{name}.eml")
        return "250 Kept"

    def start(self) -> str:
        """Listen on a free port; the address to send to."""
        self._controller.start()
        return f"smtp://{self._controller.hostname}:{self._controller.port}"

    def stop(self) -> None:
        self._controller.stop(no_assert=True)
