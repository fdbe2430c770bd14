import socket
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from app.notices import mailbox
from app.notices.smtp import PermanentFailure, SmtpTransport, TemporaryFailure
from jobs.mail_sink import MailSink, OnAnyPort


class Grumpy:
    """Answers each recipient, and each letter, with what it was told to."""

    def __init__(self, *, to: str = "250 Ok", letter: str = "250 Kept") -> None:
        self.to, self.letter = to, letter

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.to.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.to

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        return self.letter


def a_letter() -> EmailMessage:
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = (
        "Your order 1001 is ready",
        "shop@example.org",
        "priya@example.org",
    )
    message["Date"] = "Mon, 23 Nov 2026 09:00:00 +0000"
    message.set_content("Your order: https://shop.example/p/1-abc\n")
    return message


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[MailSink]:
    sink = MailSink(tmp_path / "mail")
    yield sink
    sink.stop()


def answer_to_a_letter(server: Grumpy) -> None:
    controller = OnAnyPort(server, hostname="127.0.0.1", port=0)
    controller.start()
    try:
        SmtpTransport(f"smtp://127.0.0.1:{controller.port}").send(a_letter())
    finally:
        controller.stop()


def test_a_letter_arrives_as_it_was_written(sink: MailSink):
    SmtpTransport(sink.start()).send(a_letter())

    [mail] = mailbox.mails(sink.folder)
    assert (mail.subject, mail.to) == ("Your order 1001 is ready", "priya@example.org")
    assert mail.links == ("https://shop.example/p/1-abc",)
    assert mail.sent_at is not None


def test_the_newest_letter_lies_on_top(sink: MailSink):
    transport = SmtpTransport(sink.start())
    for number in range(1, 4):
        message = a_letter()
        message.replace_header("Subject", f"letter {number}")
        transport.send(message)

    assert [mail.subject for mail in mailbox.mails(sink.folder)] == ["letter 3", "letter 2", "letter 1"]


def test_a_mailbox_nobody_wrote_to_is_empty(tmp_path: Path):
    assert mailbox.mails(tmp_path / "none") == []


@pytest.mark.parametrize("server", [Grumpy(to="451 priya@example.org: later"), Grumpy(letter="452 full")])
def test_a_server_that_says_later_is_asked_again(server: Grumpy):
    with pytest.raises(TemporaryFailure, match=r"answered 45\d"):
        answer_to_a_letter(server)


@pytest.mark.parametrize("server", [Grumpy(to="550 priya@example.org: unknown"), Grumpy(letter="554 spam")])
def test_a_server_that_says_never_is_believed_and_its_words_are_not_kept(server: Grumpy):
    with pytest.raises(PermanentFailure) as never:
        answer_to_a_letter(server)

    assert "priya" not in str(never.value)


@pytest.mark.parametrize("scheme", ["smtp", "smtps", "smtp+starttls"])
def test_a_server_that_is_away_is_asked_again(scheme: str):
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        port = reserved.getsockname()[1]

        with pytest.raises(TemporaryFailure, match="could not be reached"):
            SmtpTransport(f"{scheme}://127.0.0.1:{port}").send(a_letter())


def test_a_server_without_encryption_gets_nothing_where_encryption_is_asked_for(sink: MailSink):
    address = sink.start().replace("smtp://", "smtp+starttls://")

    with pytest.raises(PermanentFailure):
        SmtpTransport(address).send(a_letter())
