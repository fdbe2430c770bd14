"""How a letter gets to its receiver, and what its answer means: taken, refused, or nobody there."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from app.outside import Away, Networks

ALL_WITHIN_S = 10.0
ABOUT_THIS_MESSAGE = frozenset({400, 406, 409, 413, 414, 415, 422, 431, 500})
"""Answers to this very message; any other but 2xx says that nobody is there to read it."""


class Refused(Exception):
    """Somebody is there, and will not take this."""


@dataclass(frozen=True)
class Post:
    """Delivers to the open internet, and to `own_networks` where those were named."""

    own_networks: Networks = ()
    within_s: float = ALL_WITHIN_S

    def deliver(self, url: str, body: str, headers: Mapping[str, str], *, at: datetime) -> None:
        """Returns when the receiver said 2xx; a redirect is no such word, and is not followed."""
        from app import door  # a process that tells nobody anything needs no HTTP client

        answer = door.knock(url, body, headers, own_networks=self.own_networks, within_s=self.within_s)
        if answer.status in ABOUT_THIS_MESSAGE:
            raise Refused(f"It answered {answer.status}.")
        if not 200 <= answer.status < 300:
            raise Away(f"It answered {answer.status}.", _asked_for(answer.retry_after, at))


def _asked_for(retry_after: str, at: datetime) -> timedelta | None:
    """Seconds, or an instant; anything else asks for nothing."""
    try:
        if retry_after.isdecimal():
            return timedelta(seconds=int(retry_after[:9]))
        return parsedate_to_datetime(retry_after).astimezone(UTC) - at
    except (ValueError, OverflowError):
        return None
