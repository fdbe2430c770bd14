"""Admission: the only way to a promise, and each request's answer, kept under its key for ever.

Requests are decided in sets. Their balances are locked together, the requests are taken one after the other against
what is free by then, and all that follows is written in one go: so a hot item costs one lock and one commit for
everybody who waits, and nobody is promised what another was. A request is granted whole or leaves no trace but its
refusal. Before a request is refused, the holds that have run out on its balances are let go.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, field
from datetime import datetime
from functools import cached_property

from sqlmodel import Session

from app import rows
from app.oms import expiry, hold, inventory, verdict
from app.oms.balance import Key
from app.oms.inventory import Cause, Change, Page, Reason
from app.oms.reservation import Reservation, ReservationState
from app.oms.verdict import NOT_ENOUGH, Admission, Kept, Lack, Verdict
from app.refusals import Unreadable

MOST_UNITS = 1_000_000


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
    terms: str = ""
    """What else the caller said that makes it this request and no other."""
    takes_over: str | None = None
    """The key of a hold whose units this request may have; once it is granted, the hold is over."""

    @cached_property
    def fingerprint(self) -> str:
        """Two requests with the same fingerprint ask for the same thing."""
        same = (sorted(self.needs.items()), self.state, self.channel, self.keeps_safety)
        return hashlib.sha256(repr((*same, self.terms) if self.terms else same).encode()).hexdigest()

    @cached_property
    def needs(self) -> dict[Key, int]:
        """Several lines of one item are one need: two guards that each pass would not add up."""
        needs: dict[Key, int] = {}
        for wish in self.wishes:
            needs[wish.key] = needs.get(wish.key, 0) + wish.quantity
        return needs


@dataclass
class _Round:
    """One set of requests being decided on one page of the ledger."""

    page: Page
    held: dict[str, Mapping[Key, int]] = field(default_factory=dict)
    granted: list[tuple[Request, Wish]] = field(default_factory=list)
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    taken_over: list[str] = field(default_factory=list)

    def take(self, request: Request) -> bool:
        held = self.held.get(request.takes_over or "", {})
        if lacking := tuple(self._lacking(request, held)):
            self.verdicts[request.key] = Verdict(request.key, False, request.at, NOT_ENOUGH, lacking)
            return False
        for key in sorted(request.needs.keys() | held.keys()):
            self._enter(request, key, request.needs.get(key, 0) - held.get(key, 0))
        if self.held.pop(request.takes_over or "", None) is not None:
            self.taken_over.append(str(request.takes_over))
        self.granted.extend((request, wish) for wish in request.wishes)
        self.verdicts[request.key] = Verdict(request.key, True, request.at)
        return True

    def _lacking(self, request: Request, held: Mapping[Key, int]) -> Iterable[Lack]:
        """What it holds already was promised: only what it needs beyond that has to be free."""
        for key, quantity in request.needs.items():
            level = self.page.levels.get(key)
            free = level.free(floor=level.safety if request.keeps_safety else 0) if level else 0
            if quantity - held.get(key, 0) > max(0, free):
                yield Lack(*key, asked=quantity, free=held.get(key, 0) + max(0, free))

    def _enter(self, request: Request, key: Key, more: int) -> None:
        if more:
            reason = Reason.RESERVED if more > 0 else Reason.RELEASED
            cause = Cause(reason=reason, document=request.document, actor=request.actor,
                          occurred_at=request.at, recorded_at=request.at)  # fmt: skip
            self.page.enter(Change(item_id=key[0], node_id=key[1], reserved=more), cause)


def admit(session: Session, requests: Sequence[Request]) -> list[Verdict]:
    """Decide these in order; each answer, in the same order. A key known already gets the answer it got then."""
    for request in requests:
        check(request)
    known = verdict.kept(session, (request.key for request in requests))
    fresh = {request.key: request for request in reversed(requests) if request.key not in known}
    decided = _decide(session, list(reversed(fresh.values()))) if fresh else {}
    return [_answer(request, fresh.get(request.key), decided, known) for request in requests]


def check(request: Request) -> None:
    """Something must be asked for, and not more than anybody means."""
    if not request.wishes or any(not 0 < wish.quantity <= MOST_UNITS for wish in request.wishes):
        raise Unreadable(f"A reservation has at least one line, each of 1 to {MOST_UNITS} units.")


def _answer(request: Request, first: Request | None, decided: dict[str, Verdict], known: dict[str, Kept]) -> Verdict:
    if request is first:
        return decided[request.key]
    kept = known.get(request.key) or Kept(first.fingerprint if first else "", decided[request.key].repeated)
    return kept.verdict if kept.request_hash == request.fingerprint else Verdict(request.key, False, is_conflict=True)


def _decide(session: Session, requests: Sequence[Request]) -> dict[str, Verdict]:
    at = requests[0].at
    holds = [request.takes_over for request in requests if request.takes_over is not None]
    keys = [*(wish.key for each in requests for wish in each.wishes), *(hold.keys(session, holds) if holds else ())]
    page = inventory.open_page(session, keys, is_making=False)
    deciding = _Round(page, hold.standing(session, holds, at=at) if holds else {})
    refused = [request for request in requests if not deciding.take(request)]
    while refused and expiry.expire(session, page, at=at):
        refused = [request for request in refused if not deciding.take(request)]
    hold.move(session, deciding.taken_over)
    page.save(*_kept(deciding, requests))
    return deciding.verdicts


def _kept(deciding: _Round, requests: Sequence[Request]) -> Iterable[rows.Insert]:
    requests = sorted(requests, key=lambda request: request.key)  # nobody waits for two keys in another order
    verdicts = [deciding.verdicts[request.key] for request in requests]
    yield rows.Insert(Admission, {
        "key": [request.key for request in requests],
        "request_hash": [request.fingerprint for request in requests],
        "is_granted": [verdict.is_granted for verdict in verdicts],
        "words": [verdict.words for verdict in verdicts],
        "decided_at": [request.at for request in requests],
        "lacking": [[astuple(each) for each in verdict.lacking] or None for verdict in verdicts],
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
