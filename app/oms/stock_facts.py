"""Stock facts: what other systems tell was sold, delivered, damaged or counted; never refused for want of stock.

A batch goes on one page of the ledger. What can't be understood is rejected with words for whoever runs the source, and
kept; the rest of the batch goes on.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from pydantic import ValidationError
from sqlmodel import Session, col

from app import rows
from app.events import delivery
from app.events.delivery import Arrival
from app.events.inbox import InboxMessage, InboxState, Message
from app.oms import correction, freshness
from app.oms.balance import Key
from app.oms.correction import Reckoning
from app.oms.inventory import FROM_OUTSIDE, Cause, Change, Movement, Reason
from app.oms.item import Item
from app.oms.node import Node
from app.oms.stock_words import ADJUSTED, MOST, REASONS, REPORTED, TYPES, Adjusted, Reported, units_of

CLOCKS_DIFFER = timedelta(minutes=5)
"""A source's clock may be ahead by so much; a count from further in the future would swallow true sales."""
TOO_EARLY = "It speaks of the future: set the source's clock, and send what is there under a new id."
STALE = "A newer count or snapshot of it was known already."
NO_SUCH_TYPE = f"We take {ADJUSTED} and {REPORTED}."


@dataclass(slots=True)
class _Fact:
    """A message understood: which balance, how much, and when."""

    arrival: Arrival
    told: Adjusted | Reported
    occurred_at: datetime
    key: Key = (0, 0)
    units: int = 0


def _turn(fact: _Fact) -> tuple[float, datetime]:
    number = fact.arrival.message.sequence
    return float("inf") if number is None else number, fact.occurred_at


def take(
    session: Session, messages: Sequence[Message], *, at: datetime, owner: str = "", is_careful: bool = True
) -> list[Arrival]:
    """All of these in one go, each at most once; what became of each, in the order given."""
    taken = delivery.open_delivery(session, messages, at=at, owner=owner, is_careful=is_careful)
    reckoning, heard = enter(session, taken.fresh, at=at)
    reckoning.save(*heard, *taken.kept())
    return taken.arrivals


def enter(session: Session, arrivals: Sequence[Arrival], *, at: datetime) -> tuple[Reckoning, Iterable[rows.Write]]:
    """A page of the ledger with what these say, and what is to be saved with it; each is told what became of it."""
    read = [fact for fact in (_read(arrival, at) for arrival in arrivals) if fact is not None]
    facts = _placed(session, read)
    stated = [(fact.key, fact.occurred_at) for fact in facts if isinstance(fact.told, Reported)]
    reckoning = correction.open_reckoning(session, {fact.key for fact in facts}, stated)
    for fact in sorted(facts, key=_turn):
        _enter(reckoning, fact, at)
    return reckoning, freshness.heard(_newest(facts), at=at)


def _read(arrival: Arrival, at: datetime) -> _Fact | None:
    message = arrival.message
    model = TYPES.get(message.type)
    if model is None:
        arrival.end(InboxState.REJECTED, NO_SUCH_TYPE)
        return None
    try:
        told = model.model_validate_json(message.payload)
    except ValidationError as wrong:
        arrival.end(InboxState.REJECTED, _in_words(wrong))
        return None
    occurred_at = told.as_of if isinstance(told, Reported) else message.occurred_at or at
    if occurred_at > at + CLOCKS_DIFFER:
        if told.is_absolute:
            arrival.end(InboxState.REJECTED, TOO_EARLY)
            return None
        occurred_at = at  # it has happened, whatever a till's clock says
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
    node_id = nodes.get(told.node, 0)
    units = units_of(told.amount, decimals) if told.uom is None or told.uom == unit else None
    if node_id and item_id and units is not None and (units or told.is_absolute):
        fact.key, fact.units = (item_id, node_id), units
        return True
    words = f"{told.sku} is counted in {unit}, with at most {decimals} decimals, and at most {MOST} at once."
    if not node_id:
        words = f"We know no node {told.node}."
    elif not item_id:
        words = f"We know no item {told.sku}."
    elif units == 0:
        words = "A change of nothing changes nothing."
    fact.arrival.end(InboxState.REJECTED, words)
    return False


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
    cause = Cause(reason=reason, document=FROM_OUTSIDE + message.message_id, actor=message.source,
                  occurred_at=fact.occurred_at, recorded_at=at)  # fmt: skip
    if told.is_absolute:
        is_newest = reckoning.correct_to(fact.key, fact.units, fact.occurred_at, cause) is not None
        fact.arrival.end(InboxState.APPLIED if is_newest else InboxState.STALE, "" if is_newest else STALE)
        return
    if reason is Reason.DAMAGE:
        change = Change(item_id=item_id, node_id=node_id, unavailable=-fact.units)
    else:
        change = Change(item_id=item_id, node_id=node_id, on_hand=fact.units)
    reckoning.enter(change, cause)
    fact.arrival.state = InboxState.APPLIED


def untrue(session: Session) -> Iterable[str]:
    """Every message that did not have exactly the effect it is said to have had: on the ledger once, or not at all."""
    effect = (
        sa.select(col(Movement.actor), col(Movement.document), sa.func.count().label("times"))
        .where(col(Movement.document).startswith(FROM_OUTSIDE), col(Movement.reason) != Reason.ABSORBED)
        .group_by(col(Movement.actor), col(Movement.document))
        .subquery()
    )
    same = sa.and_(effect.c.actor == InboxMessage.source,
                   effect.c.document == sa.literal(FROM_OUTSIDE) + col(InboxMessage.message_id))  # fmt: skip
    times, is_applied = sa.func.coalesce(effect.c.times, 0), col(InboxMessage.state) == InboxState.APPLIED
    wrong = sa.or_(
        sa.and_(is_applied, times > 1),
        sa.and_(is_applied, times == 0, col(InboxMessage.type) == ADJUSTED),
        sa.and_(sa.not_(is_applied), times > 0),
    )
    found = sa.select(col(InboxMessage.source), col(InboxMessage.message_id), col(InboxMessage.state), times)
    for source, message_id, state, number in session.execute(found.outerjoin(effect, same).where(wrong)):
        yield f"message {message_id} of {source} is {state}, and stands on the ledger {number} times"
