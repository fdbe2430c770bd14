"""Admission: the only way to a promise, and each request's answer, kept under its key for ever.

Requests are decided in sets. Their balances are locked together, the requests are taken one after the other against
what is free by then, and all that follows is written in one go: so a hot item costs one lock and one commit for
everybody who waits, and nobody is promised what another was. A request is granted whole or leaves no trace but its
refusal. Before a request is refused, the holds that have run out on its balances are let go.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property

from sqlmodel import Field, Session, SQLModel

from app import rows
from app.oms import expiry, inventory
from app.oms.balance import Key
from app.oms.inventory import Cause, Change, NotEnoughStock, Page, Reason
from app.oms.reservation import Reservation, ReservationState
from app.refusals import Refusal, Unreadable

MOST_UNITS = 1_000_000


class KeyTaken(Refusal):
    """The key was used before, for something else."""


class Admission(SQLModel, table=True):
    """What was asked for under a key, and the answer, which never changes."""

    __tablename__ = "admission"

    key: str = Field(primary_key=True)
    request_hash: str
    is_granted: bool
    words: str = ""
    decided_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """So many units of an item at a node; for an order's line, or for a basket."""

    item_id: int
    node_id: int
    quantity: int
    order_line_id: int | None = None

    @property
    def key(self) -> Key:
        return self.item_id, self.node_id


@dataclass(frozen=True, kw_only=True)
class Request:
    """All of these units or none, under a key of the caller's own; soft ones run out at `expires_at`."""

    key: str
    wishes: tuple[Wish, ...]
    state: ReservationState
    document: str
    actor: str
    at: datetime
    channel: str = ""
    expires_at: datetime | None = None
    keeps_safety: bool = True
    """A till or the store's own counter may go below the safety line; nobody else."""

    @cached_property
    def fingerprint(self) -> str:
        """Two requests with the same fingerprint ask for the same thing."""
        same = repr((sorted(self.needs.items()), self.state, self.channel, self.keeps_safety))
        return hashlib.sha256(same.encode()).hexdigest()

    @cached_property
    def needs(self) -> dict[Key, int]:
        """Several lines of one item are one need: two guards that each pass would not add up."""
        needs: dict[Key, int] = {}
        for wish in self.wishes:
            needs[wish.key] = needs.get(wish.key, 0) + wish.quantity
        return needs


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer to a request; `is_repeat` when it had been given before."""

    key: str
    is_granted: bool
    words: str = ""
    is_repeat: bool = False
    is_conflict: bool = False

    @property
    def repeated(self) -> "Verdict":
        return replace(self, is_repeat=True)

    def or_refuse(self) -> "Verdict":
        if self.is_conflict:
            raise KeyTaken(f"The key {self.key} was used for another request.")
        if not self.is_granted:
            raise NotEnoughStock(self.words)
        return self


@dataclass(frozen=True, slots=True)
class _Kept:
    """An answer given before, and what it was the answer to."""

    request_hash: str
    verdict: Verdict


@dataclass
class _Round:
    """One set of requests being decided on one page of the ledger."""

    page: Page
    granted: list[tuple[Request, Wish]] = field(default_factory=list)
    verdicts: dict[str, Verdict] = field(default_factory=dict)

    def take(self, request: Request) -> bool:
        if any(not self._is_free(key, quantity, request) for key, quantity in request.needs.items()):
            self.verdicts[request.key] = Verdict(request.key, False, "There isn't enough free stock for this order.")
            return False
        cause = Cause(reason=Reason.RESERVED, document=request.document, actor=request.actor,
                      occurred_at=request.at, recorded_at=request.at)  # fmt: skip
        for (item_id, node_id), quantity in sorted(request.needs.items()):
            self.page.enter(Change(item_id=item_id, node_id=node_id, reserved=quantity), cause)
        self.granted.extend((request, wish) for wish in request.wishes)
        self.verdicts[request.key] = Verdict(request.key, True)
        return True

    def _is_free(self, key: Key, quantity: int, request: Request) -> bool:
        level = self.page.levels.get(key)
        return level is not None and level.free(floor=level.safety if request.keeps_safety else 0) >= quantity


def admit(session: Session, requests: Sequence[Request]) -> list[Verdict]:
    """Decide these in order; each answer, in the same order. A key known already gets the answer it got then."""
    for request in requests:
        _check(request)
    known = _known(session, requests)
    fresh = {request.key: request for request in reversed(requests) if request.key not in known}
    decided = _decide(session, list(reversed(fresh.values()))) if fresh else {}
    return [_answer(request, fresh.get(request.key), decided, known) for request in requests]


def _check(request: Request) -> None:
    if not request.wishes or any(not 0 < wish.quantity <= MOST_UNITS for wish in request.wishes):
        raise Unreadable(f"A reservation has at least one line, each of 1 to {MOST_UNITS} units.")


def _known(session: Session, requests: Sequence[Request]) -> dict[str, "_Kept"]:
    keys = {"key": sorted({request.key for request in requests})}
    found = rows.find(session, Admission, ("key", "request_hash", "is_granted", "words"), keys)
    return {row[0]: _Kept(row[1], Verdict(row[0], bool(row[2]), row[3], is_repeat=True)) for row in found}


def _answer(request: Request, first: Request | None, decided: dict[str, Verdict], known: dict[str, _Kept]) -> Verdict:
    if request is first:
        return decided[request.key]
    kept = known.get(request.key) or _Kept(first.fingerprint if first else "", decided[request.key].repeated)
    return kept.verdict if kept.request_hash == request.fingerprint else Verdict(request.key, False, is_conflict=True)


def _decide(session: Session, requests: Sequence[Request]) -> dict[str, Verdict]:
    page = inventory.open_page(session, (wish.key for each in requests for wish in each.wishes), is_making=False)
    deciding = _Round(page)
    refused = [request for request in requests if not deciding.take(request)]
    while refused and expiry.expire(session, page, at=requests[0].at):
        refused = [request for request in refused if not deciding.take(request)]
    page.save(*_kept(deciding, requests))
    return deciding.verdicts


def _kept(deciding: _Round, requests: Sequence[Request]) -> Iterable[rows.Insert]:
    verdicts = [deciding.verdicts[request.key] for request in requests]
    yield rows.Insert(Admission, {
        "key": [request.key for request in requests],
        "request_hash": [request.fingerprint for request in requests],
        "is_granted": [verdict.is_granted for verdict in verdicts],
        "words": [verdict.words for verdict in verdicts],
        "decided_at": [request.at for request in requests],
    })  # fmt: skip
    if deciding.granted:
        asked, wishes = zip(*deciding.granted, strict=True)
        none = [0] * len(wishes)
        yield rows.Insert(Reservation, {
            "admission_key": [request.key for request in asked],
            "order_line_id": [wish.order_line_id for wish in wishes],
            "item_id": [wish.item_id for wish in wishes],
            "node_id": [wish.node_id for wish in wishes],
            "quantity": [wish.quantity for wish in wishes],
            "consumed": none, "released": none,
            "state": [request.state for request in asked],
            "channel": [request.channel for request in asked],
            "expires_at": [request.expires_at for request in asked],
            "reserved_at": [request.at for request in asked],
        })  # fmt: skip
