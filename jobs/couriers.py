"""Carrying letters to receivers outside: one errand at a time for each of them, so that nobody waits for a stranger."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from threading import Event, Lock, Thread
from time import monotonic

import structlog
from sqlmodel import Session

from app import db
from app.config import Settings
from app.events import backlog, outbox, unsent
from app.events.outbox import OutboxMessage
from app.notices.notice import TOPIC as MAIL
from app.oms import push
from app.outside import Away
from app.webhooks import letter
from app.webhooks import receiver as receivers
from app.webhooks.post import Post, Refused

log = structlog.get_logger()

AN_ERRAND_S = 15.0
"""Then it ends, and the next begins with a new look at the clock: no lease runs out while letters are carried."""
MOST_AT_ONCE = 16
ENOUGH_REFUSALS = 5
"""After so many in a row the next turn is soon enough."""


class Outcome(Enum):
    """What a courier comes back with."""

    TAKEN = "taken"
    REFUSED = "refused"
    AWAY = "away"


@dataclass(frozen=True)
class Parcel:
    """What leaves in one POST, and to whom; without a message when all that was due is known already."""

    url: str
    secrets: Sequence[bytes]
    messages: Sequence[OutboxMessage]

    @property
    def ids(self) -> list[int]:
        return [message.id for message in self.messages]


class Couriers:
    """Those of this process; each is out for one receiver, and no turn waits for their return."""

    def __init__(self, settings: Settings, post: Post | None = None) -> None:
        self._settings, self._post = settings, post or Post(settings.webhook_networks)
        self._out: dict[str, Thread] = {}
        self._lock = Lock()
        self._stopping = Event()

    def turn(self, at: datetime) -> None:
        """Send somebody to each receiver that something is due for and nobody is on the way to."""
        for receiver in _due(at):
            with self._lock:
                if receiver in self._out or len(self._out) >= MOST_AT_ONCE or self._stopping.is_set():
                    continue
                courier = Thread(target=self._go, args=(receiver, at), name=f"courier to {receiver}", daemon=True)
                self._out[receiver] = courier
                courier.start()

    def stop(self) -> None:
        """Nobody leaves any more."""
        self._stopping.set()

    def are_back(self, within_s: float) -> bool:
        """Whether those on their way came back in time."""
        until = monotonic() + within_s
        with self._lock:
            out = list(self._out.values())
        for courier in out:
            courier.join(max(0.0, until - monotonic()))
        return not any(courier.is_alive() for courier in out)

    def _go(self, receiver: str, at: datetime) -> None:
        try:
            self.errand(receiver, at)
        except Exception:
            log.exception("an errand failed", receiver=receiver)
        finally:
            with self._lock:
                self._out.pop(receiver, None)

    def errand(self, receiver: str, at: datetime) -> int:
        """Everything that is due for one receiver, as long as it listens; how many messages it took."""
        _bury(receiver, at)
        taken, refusals, until = 0, 0, monotonic() + AN_ERRAND_S
        while monotonic() < until and refusals < ENOUGH_REFUSALS and not self._stopping.is_set():
            parcel = self._claimed(receiver, at)
            if parcel is None:
                break
            outcome = self._carried(parcel, receiver, at) if parcel.messages else Outcome.TAKEN
            if outcome is Outcome.AWAY:
                break
            refusals += outcome is Outcome.REFUSED
            taken += len(parcel.messages) if outcome is Outcome.TAKEN else 0
        return taken

    def _claimed(self, receiver: str, at: datetime) -> Parcel | None:
        with db.transaction() as session:
            known = receivers.by_name(session, receiver)
            if known is None:
                if not receivers.may_fetch(receiver):
                    unsent.hold_for_nobody(session, receiver, at=at)
                return None
            messages = [] if known.is_paused(at) else _next(session, receiver, at)
            if not messages:
                return None
            keys = (self._settings.secret_key, *self._settings.secret_key_fallbacks)
            return Parcel(known.url, known.secrets(keys, at=at), _worth_sending(session, messages))

    def _carried(self, parcel: Parcel, receiver: str, at: datetime) -> Outcome:
        try:
            composed = letter.compose(parcel.messages)
            self._post.deliver(parcel.url, composed.body, composed.headers(parcel.secrets, at=at), at=at)
        except Away as nobody:
            _came_back(parcel, receiver, nobody, at)
            return Outcome.AWAY
        except Refused as no:
            _refused(parcel, receiver, str(no), at)
            return Outcome.REFUSED
        _taken(parcel, receiver, at)
        return Outcome.TAKEN


def _due(at: datetime) -> list[str]:
    """Asked without writing, and not of those that are left in peace."""
    with db.reading() as session:
        known = {each.name: each for each in receivers.everyone(session)}
        due = [name for name, since in backlog.queues(session).items() if since <= at and name != MAIL]
    return [
        name for name in due
        if (not known[name].is_paused(at) if name in known else not receivers.may_fetch(name))
    ]  # fmt: skip


def _next(session: Session, receiver: str, at: datetime) -> list[OutboxMessage]:
    """What was refused once travels alone: it may be the one for which the others came back."""
    messages = outbox.claim(session, at=at, limit=1, receiver=receiver)
    most = letter.most_together(messages[0]) if messages and messages[0].attempts == 1 else 1
    if most > 1:
        messages += outbox.claim(session, at=at, limit=most - 1, receiver=receiver, most_tries=0)
    return messages


def _worth_sending(session: Session, messages: list[OutboxMessage]) -> list[OutboxMessage]:
    """What a channel need not know any more is held back."""
    if messages[0].topic != push.TOPIC:
        return messages
    is_worth = push.worth_sending(session, [message.payload for message in messages])
    outbox.all_held_back(session, [message.id for message, worth in zip(messages, is_worth, strict=True) if not worth])
    return [message for message, worth in zip(messages, is_worth, strict=True) if worth]


def _taken(parcel: Parcel, receiver: str, at: datetime) -> None:
    with db.transaction() as session:
        outbox.all_sent(session, parcel.ids, at=at)
        if parcel.messages[0].topic == push.TOPIC:
            push.acknowledge(session, [message.payload for message in parcel.messages])
        known = receivers.by_name(session, receiver, is_locked=True)
        if known is not None:
            known.heard(at=at)


def _came_back(parcel: Parcel, receiver: str, why: Away, at: datetime) -> None:
    """Jitter keeps the couriers of several processes from coming back together."""
    with db.transaction() as session:
        outbox.give_back(session, parcel.ids, error=str(why))
        known = receivers.by_name(session, receiver, is_locked=True)
        if known is not None:
            known.stayed_away(at=at, error=str(why), asked_for=why.pause, jitter=random.random())  # noqa: S311 - no secret
            log.warning("a receiver is away", receiver=receiver, times=known.failures, why=str(why))


def _refused(parcel: Parcel, receiver: str, error: str, at: datetime) -> None:
    with db.transaction() as session:
        for message in parcel.messages:
            jitter = random.random()  # noqa: S311 - no secret
            if not outbox.retry(session, message.id, error=error, at=at, jitter=jitter):
                outbox.give_up(session, message.id, error=error)
                log.warning("a message was given up", message=message.id, receiver=receiver, why=error)


def _bury(receiver: str, at: datetime) -> None:
    with db.transaction() as session:
        for message in outbox.bury(session, at=at, receiver=receiver):
            log.warning("a message was given up", message=message.id, receiver=receiver)
