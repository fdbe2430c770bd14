"""Handing a letter to a mail server, and telling "not now" from "never"."""

import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Protocol
from urllib.parse import unquote, urlsplit

TIMEOUT_S = 10.0
PORTS = {"smtp": 25, "smtps": 465, "smtp+starttls": 587}


class TemporaryFailure(Exception):
    """Worth another attempt: the server is away, or says so itself."""


class PermanentFailure(Exception):
    """No attempt will ever do: the address or the letter is refused."""


class Transport(Protocol):
    """Something that takes a letter, or raises one of the two failures. A failure's words name no customer."""

    def send(self, message: EmailMessage) -> None: ...


@dataclass(frozen=True)
class SmtpTransport:
    """A mail server: `smtp://`, `smtps://` or `smtp+starttls://`, with user and password if it wants them."""

    url: str

    def send(self, message: EmailMessage) -> None:
        """A server's own words may quote the customer's address, so only its number is kept."""
        try:
            with self._connected() as server:
                server.send_message(message)
        except smtplib.SMTPRecipientsRefused as refused:
            code = next(iter(refused.recipients.values()))[0]
            raise _failure(code) from None
        except smtplib.SMTPResponseException as answer:
            raise _failure(answer.smtp_code) from None
        except smtplib.SMTPNotSupportedError:
            raise PermanentFailure("The mail server can't do what this needs.") from None
        except (OSError, smtplib.SMTPException) as away:
            raise TemporaryFailure(f"The mail server could not be reached ({type(away).__name__}).") from None

    def _connected(self) -> smtplib.SMTP:
        parts = urlsplit(self.url)
        host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
        if parts.scheme == "smtps":
            server: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=TIMEOUT_S, context=ssl.create_default_context())
        else:
            server = smtplib.SMTP(host, port, timeout=TIMEOUT_S)
        try:
            if parts.scheme == "smtp+starttls":
                server.starttls(context=ssl.create_default_context())
            if parts.username:
                server.login(unquote(parts.username), unquote(parts.password or ""))
        except BaseException:
            server.close()
            raise
        return server


def _failure(code: int) -> Exception:
    kind = PermanentFailure if 500 <= code < 600 else TemporaryFailure
    return kind(f"The mail server answered {code}.")
