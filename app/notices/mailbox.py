"""Reading a folder of letters: what the demo's customers have in their mailbox."""

import re
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from pathlib import Path

LINK = re.compile(r"https?://[^\s<>\"']+")


@dataclass(frozen=True)
class Mail:
    """A letter as its reader sees it."""

    name: str
    subject: str
    to: str
    sent_at: datetime | None
    text: str
    links: tuple[str, ...]


def mails(folder: Path) -> list[Mail]:
    """Newest first; a file's name begins with when it came, so names sort as arrivals."""
    if not folder.is_dir():
        return []
    return [_read(path) for path in sorted(folder.glob("*.eml"), reverse=True)]


def _read(path: Path) -> Mail:
    message = message_from_bytes(path.read_bytes(), policy=policy.default)
    body = message.get_body(preferencelist=("plain",))
    text = str(body.get_content()) if body else ""
    date = message["Date"]
    return Mail(
        name=path.stem,
        subject=str(message["Subject"] or ""),
        to=str(message["To"] or ""),
        sent_at=date.datetime if date is not None else None,
        text=text,
        links=tuple(dict.fromkeys(LINK.findall(text))),
    )
