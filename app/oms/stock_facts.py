"""Stock facts: what other systems tell was sold, delivered, damaged or counted; never refused for want of stock.

A batch goes on one page of the ledger. What can't be understood is rejected with words for whoever runs the source, and
kept; the rest of the batch goes on.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from sqlmodel import Session

from app import rows
from app.events import delivery
from app.events.delivery import Arrival
from app.events.inbox import InboxState, Message
from app.oms import correction, freshness
from app.oms.balance import Key
from app.oms.correction import Reckoning
from app.oms.inventory import Cause, Change, Reason
from app.oms.item import Item
from app.oms.node import Node

ADJUSTED = "org.readyshelf.inventory.adjusted.v1"
REPORTED = "org.readyshelf.inventory.snapshot.reported.v1"
MOST_UNITS = 1_000_000
CLOCKS_DIFFER = timedelta(minutes=5)
"""A source's clock may be ahead by so much; a count from further in the future would swallow true sales."""

REASONS = {
    "sale": Reason.SALE, "return": Reason.RETURN, "receipt": Reason.RECEIPT, "transfer_in": Reason.TRANSFER_IN,
    "transfer_out": Reason.TRANSFER_OUT, "cycle_count": Reason.COUNT, "shrink": Reason.SHRINK,
    "damage": Reason.DAMAGE, "correction": Reason.CORRECTION,
}  # fmt: skip
TOO_EARLY = "It happened in the future, says its time: set the source's clock, and send it again under a new id."
STALE = "A newer count or snapshot of it was known already."
NO_SUCH_TYPE = f"We take {ADJUSTED} and {REPORTED}."


def _quantity(said: object) -> Decimal:
    if isinstance(said, bool) or not isinstance(said, int | str | Decimal):
        raise ValueError("must be a decimal number, as a string")
    quantity = Decimal(said) if isinstance(said, int) or not isinstance(said, str) or _is_number(said) else None
    if quantity is None or not quantity.is_finite() or abs(quantity) > MOST_UNITS:
        raise ValueError(f"must be a decimal number of at most {MOST_UNITS}, as a string")
    return quantity


def _is_number(said: str) -> bool:
    whole, _, part = said.removeprefix("-").partition(".")
    return (
        len(said) <= 20 and whole.isascii() and whole.isdigit() and (part or "0").isascii() and (part or "0").isdigit()
    )


def _instant(said: object) -> object:
    if not isinstance(said, str):
        raise ValueError("must be an RFC 3339 instant with its offset")
    return said


Code = Annotated[str, Field(min_length=1, max_length=80)]
Quantity = Annotated[Decimal, BeforeValidator(_quantity)]
Instant = Annotated[AwareDatetime, BeforeValidator(_instant)]


class Told(BaseModel):
    """What every stock fact says; a source may add names of its own, which we leave alone."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    node: Code
    sku: Code


class Adjusted(Told):
    """So much more or less than before."""

    delta: Quantity
    uom: Code
    reason: Literal["sale", "return", "receipt", "transfer_in", "transfer_out", "cycle_count", "shrink", "damage",
                    "correction"]  # fmt: skip
    document_ref: Annotated[str, Field(max_length=200)] | None = None


class Reported(Told):
    """So much was there at that instant, whatever stood in anybody's books."""

    quantity: Quantity
    as_of: Instant
    uom: Code | None = None


TYPES: dict[str, type[Adjusted] | type[Reported]] = {ADJUSTED: Adjusted, REPORTED: Reported}


@dataclass(slots=True)
class _Fact:
    """A message understood: which balance, how much, and when."""

    arrival: Arrival
    told: Adjusted | Reported
    occurred_at: datetime
    key: Key = (0, 0)
    units: int = 0

    @property
    def turn(self) -> tuple[bool, int, datetime]:
        number = self.arrival.message.sequence
        return number is None, number or 0, self.occurred_at


def take(session: Session, messages: Sequence[Message], *, at: datetime, owner: str = "") -> list[Arrival]:
    """All of these in one go, each at most once; what became of each, in the order given."""
    taken = delivery.open_delivery(session, messages, at=at, owner=owner)
    reckoning = enter(session, taken.fresh, at=at)
    reckoning.save(*taken.kept())
    return taken.arrivals


def enter(session: Session, arrivals: Sequence[Arrival], *, at: datetime) -> Reckoning:
    """A page of the ledger with what these say; each is told what became of it. The page is yet to be saved."""
    read = [fact for fact in (_read(arrival, at) for arrival in arrivals) if fact is not None]
    facts = _placed(session, read)
    freshness.hear(session, _newest(facts), at=at)
    stated = [(fact.key, fact.occurred_at) for fact in facts if isinstance(fact.told, Reported)]
    reckoning = correction.open_reckoning(session, {fact.key for fact in facts}, stated)
    for fact in sorted(facts, key=lambda fact: fact.turn):
        _enter(reckoning, fact, at)
    return reckoning


def _read(arrival: Arrival, at: datetime) -> _Fact | None:
    message = arrival.message
    model = TYPES.get(message.type)
    if model is None:
        arrival.end(InboxState.REJECTED, NO_SUCH_TYPE)
        return None
    try:
        told = model.model_validate(json.loads(message.payload))
    except ValidationError as wrong:
        arrival.end(InboxState.REJECTED, _in_words(wrong))
        return None
    occurred_at = told.as_of if isinstance(told, Reported) else message.occurred_at or at
    if occurred_at > at + CLOCKS_DIFFER:
        arrival.end(InboxState.REJECTED, TOO_EARLY)
        return None
    return _Fact(arrival, told, occurred_at)


def _in_words(wrong: ValidationError) -> str:
    found = wrong.errors(include_input=False, include_url=False)
    return "; ".join(f"{'.'.join(map(str, each['loc'])) or 'data'}: {each['msg']}" for each in found)[:500]


def _placed(session: Session, facts: Sequence[_Fact]) -> list[_Fact]:
    """Those whose node and item we know, in the item's own units; the others are rejected with words."""
    if not facts:
        return []
    nodes = dict(rows.find(session, Node, ("code", "id"), {"code": sorted({fact.told.node for fact in facts})}))
    skus = sorted({fact.told.sku for fact in facts})
    items = {row[0]: row[1:] for row in rows.find(session, Item, ("sku", "id", "unit", "decimals"), {"sku": skus})}
    return [fact for fact in facts if _place(fact, nodes, items)]


def _place(fact: _Fact, nodes: dict[str, int], items: dict[str, tuple[int, str, int]]) -> bool:
    told = fact.told
    item_id, unit, decimals = items.get(told.sku, (0, "", 0))
    words = ""
    quantity = (told.delta if isinstance(told, Adjusted) else told.quantity).scaleb(decimals)
    if told.node not in nodes:
        words = f"We know no node {told.node}."
    elif not item_id:
        words = f"We know no item {told.sku}."
    elif told.uom is not None and told.uom != unit:
        words = f"{told.sku} is counted in {unit}, not in {told.uom}."
    elif quantity != quantity.to_integral_value():
        words = f"{told.sku} is counted in {unit}, with at most {decimals} decimals."
    elif isinstance(told, Adjusted) and not quantity:
        words = "A change of nothing changes nothing."
    if words:
        fact.arrival.end(InboxState.REJECTED, words)
        return False
    fact.key, fact.units = (item_id, nodes[told.node]), int(quantity)
    return True


def _newest(facts: Sequence[_Fact]) -> freshness.Word:
    newest: dict[tuple[int, str], datetime] = {}
    for fact in facts:
        spoke = (fact.key[1], fact.arrival.message.source)
        if spoke not in newest or newest[spoke] < fact.occurred_at:
            newest[spoke] = fact.occurred_at
    return newest


def _enter(reckoning: Reckoning, fact: _Fact, at: datetime) -> None:
    """Damaged goods stay where they are until they are written off: they are there, and not for sale."""
    (item_id, node_id), message, told = fact.key, fact.arrival.message, fact.told
    reason = Reason.CORRECTION if isinstance(told, Reported) else REASONS[told.reason]
    cause = Cause(reason=reason, document=f"message/{message.message_id}", actor=message.source,
                  occurred_at=fact.occurred_at, recorded_at=at)  # fmt: skip
    if isinstance(told, Reported):
        is_newest = reckoning.correct_to(fact.key, fact.units, fact.occurred_at, cause) is not None
        fact.arrival.end(InboxState.APPLIED if is_newest else InboxState.STALE, "" if is_newest else STALE)
        return
    change = (Change(item_id=item_id, node_id=node_id, unavailable=-fact.units) if reason == Reason.DAMAGE
              else Change(item_id=item_id, node_id=node_id, on_hand=fact.units))  # fmt: skip
    reckoning.enter(change, cause)
    fact.arrival.end(InboxState.APPLIED)
