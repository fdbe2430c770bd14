"""A delivery: messages taken in together, each told apart from what was heard before, and saved with what it causes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session

from app import rows
from app.events import quarantine, sequence
from app.events.inbox import InboxMessage, InboxState, Message
from app.events.quarantine import Odd
from app.events.sequence import Cursor

OTHER_CONTENT = "This id was used before, for another content."
OTHER_NUMBERED = "This sequence number was used before, for another content."
OTHER_OWNER = "This source belongs to another system."


@dataclass(slots=True)
class Arrival:
    """A message at the door, and what is decided about it; `first` is the one it repeats."""

    message: Message
    fingerprint: str
    state: InboxState = InboxState.RECEIVED
    words: str = ""
    first: "Arrival | None" = None
    is_kept: bool = True
    repeats: int = 0

    def end(self, state: InboxState, words: str = "") -> None:
        self.state, self.words = state, words

    @property
    def odd(self) -> Odd:
        source, message_id = self.message.key
        return Odd(source=source, message_id=message_id, body=self.message.whole(), words=self.words)

    @property
    def root(self) -> "Arrival":
        return self.first.root if self.first is not None else self


@dataclass
class Delivery:
    """Messages taken in together, their sources locked; what is decided about each is saved with what it causes."""

    session: Session
    at: datetime
    owner: str
    arrivals: list[Arrival]
    cursors: dict[str, Cursor]
    again: dict[tuple[str, str], int] = field(default_factory=dict)

    @property
    def fresh(self) -> list[Arrival]:
        return [arrival for arrival in self.arrivals if arrival.state == InboxState.RECEIVED]

    def kept(self) -> Iterable[rows.Write]:
        """What has to be written, once it is decided."""
        kept = [arrival for arrival in self.arrivals if arrival.is_kept]
        if kept:
            yield rows.Insert(InboxMessage, _columns(kept, self.at))
        if self.again:
            sources, ids = zip(*self.again, strict=True)
            keys = {"source": sources, "message_id": ids}
            yield rows.Add(InboxMessage, keys, {"repeats": list(self.again.values())})
        numbers: dict[str, list[int]] = {}
        for each in kept:
            if each.message.sequence is not None and each.state != InboxState.DUPLICATE:
                numbers.setdefault(each.message.source, []).append(each.message.sequence)
        for source, heard in numbers.items():
            yield from sequence.hear(self.session, self.cursors[source], heard, at=self.at)
        odd = [each for each in self.arrivals if each.state == InboxState.QUARANTINED]
        if odd:
            yield quarantine.kept(self.owner, [each.odd for each in odd], self.at)


def open_delivery(
    session: Session, messages: Sequence[Message], *, at: datetime, owner: str = "", is_careful: bool = True
) -> Delivery:
    """Lock their sources and tell what is new from what was heard before.

    Who is not careful takes a number above all heard before for a message never heard before. That is so unless its
    source broke its own rules, and then the inbox's key refuses the delivery, to be looked at carefully.
    """
    cursors = sequence.lock(session, {message.source for message in messages}, owner=owner)
    arrivals = [Arrival(message, message.fingerprint()) for message in messages]
    delivery = Delivery(session, at, owner, arrivals, cursors)
    asked = messages if is_careful else [message for message in messages if not _is_next(message, cursors)]
    by_id, by_number = _known(session, asked), _numbered(session, asked, cursors)
    for arrival in arrivals:
        _compare(delivery, arrival, by_id, by_number)
    return delivery


def _is_next(message: Message, cursors: Mapping[str, Cursor]) -> bool:
    return message.sequence is not None and cursors[message.source].is_new(message.sequence)


Known = dict[tuple[str, str], Arrival]
Numbered = dict[tuple[str, int], Arrival]


def _compare(delivery: Delivery, arrival: Arrival, by_id: Known, by_number: Numbered) -> None:
    message = arrival.message
    number = (message.source, message.sequence) if message.sequence is not None else None
    if delivery.cursors[message.source].owner != delivery.owner:
        _put_aside(arrival, OTHER_OWNER)
    elif (first := by_id.get(message.key)) is not None:
        arrival.is_kept = False
        if first.fingerprint != arrival.fingerprint:
            _put_aside(arrival, OTHER_CONTENT)
        else:
            _repeat(delivery, arrival, first)
    elif number is not None and (first := by_number.get(number)) is not None:
        if first.fingerprint != arrival.fingerprint:
            _put_aside(arrival, OTHER_NUMBERED)
        else:
            arrival.state, arrival.first = InboxState.DUPLICATE, first
            by_id[message.key] = arrival
    else:
        by_id[message.key] = arrival
        if number is not None:
            by_number[number] = arrival


def _repeat(delivery: Delivery, arrival: Arrival, first: Arrival) -> None:
    arrival.state, arrival.first = InboxState.DUPLICATE, first
    if first.is_kept:
        first.repeats += 1
    else:
        delivery.again[arrival.message.key] = delivery.again.get(arrival.message.key, 0) + 1


def _put_aside(arrival: Arrival, words: str) -> None:
    arrival.is_kept, arrival.state, arrival.words = False, InboxState.QUARANTINED, words


_ANSWERED = ("payload_hash", "state", "words")


def _known(session: Session, messages: Sequence[Message]) -> Known:
    keys = {message.key: message for message in messages}
    if not keys:
        return {}
    sources, ids = zip(*keys, strict=True)
    wanted = ("source", "message_id", *_ANSWERED)
    found = rows.find(session, InboxMessage, wanted, {"source": sources, "message_id": ids})
    return {(row[0], row[1]): _earlier(keys[row[0], row[1]], *row[2:]) for row in found}


def _numbered(session: Session, messages: Sequence[Message], cursors: Mapping[str, Cursor]) -> Numbered:
    """A number above all that its source was heard with can't be known: mostly there is nothing to ask."""
    numbers = {(m.source, m.sequence): m for m in messages
               if m.sequence is not None and not _is_next(m, cursors)}  # fmt: skip
    if not numbers:
        return {}
    sources, sequences = zip(*numbers, strict=True)
    wanted = ("source", "sequence", *_ANSWERED)
    found = rows.find(session, InboxMessage, wanted, {"source": sources, "sequence": sequences})
    return {(row[0], row[1]): _earlier(numbers[row[0], row[1]], *row[2:]) for row in found
            if row[3] != InboxState.DUPLICATE}  # fmt: skip


def _earlier(message: Message, fingerprint: str, state: str, words: str) -> Arrival:
    return Arrival(message, fingerprint, InboxState(state), words, is_kept=False)


def _columns(arrivals: Sequence[Arrival], at: datetime) -> rows.Columns:
    messages = [arrival.message for arrival in arrivals]
    none = [0] * len(arrivals)
    return {
        "source": [m.source for m in messages],
        "message_id": [m.message_id for m in messages],
        "type": [m.type for m in messages],
        "subject": [m.subject for m in messages],
        "sequence": [m.sequence for m in messages],
        "payload": [m.payload for m in messages],
        "payload_hash": [arrival.fingerprint for arrival in arrivals],
        "occurred_at": [m.occurred_at for m in messages],
        "received_at": [at] * len(arrivals),
        "state": [arrival.state for arrival in arrivals],
        "words": [arrival.words for arrival in arrivals],
        "repeats": [arrival.repeats for arrival in arrivals],
        "attempts": none,
        "due_at": [at if arrival.state == InboxState.RECEIVED else None for arrival in arrivals],
        "applied_at": [at if arrival.state == InboxState.APPLIED else None for arrival in arrivals],
    }


def save(delivery: Delivery) -> None:
    """Keep them undecided: what is new waits in the inbox."""
    writes = list(delivery.kept())
    if writes:
        rows.write(delivery.session, *writes)


def told(session: Session, delivery: Delivery) -> list[Arrival]:
    """What became meanwhile of those that waited."""
    known = _known(session, [arrival.message for arrival in delivery.arrivals])
    for arrival in delivery.fresh:
        now = known[arrival.message.key]
        arrival.end(now.state, now.words)
    return delivery.arrivals
