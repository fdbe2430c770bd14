"""A real mail server that hands over what it gets, and may do something before it says that it has it."""

from collections.abc import Callable
from email import message_from_bytes
from email.message import Message
from queue import Queue

from aiosmtpd.smtp import SMTP, Envelope, Session

from jobs.mail_sink import OnAnyPort
from tests.processes.process import PATIENCE


class Letters:
    """Listens at once; `url` is where."""

    def __init__(self) -> None:
        self.came: Queue[Message] = Queue()
        self.all: list[Message] = []
        self.before_the_answer: Callable[[], object] = lambda: None
        self.server = OnAnyPort(self, hostname="127.0.0.1", port=0)
        self.server.start()

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.server.port}"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        letter = message_from_bytes(envelope.original_content or b"")
        self.all.append(letter)
        self.came.put(letter)
        self.before_the_answer()
        return "250 Kept"

    def next(self) -> Message:
        return self.came.get(timeout=PATIENCE)
