"""What may be sold: at each node what is free there, for each channel what its nodes have free, on the channel's terms.

A channel's number is kept, with a version that only grows, and is worked out anew for the items that were touched.
Whoever does so first locks the numbers and then reads stock and terms, so that of two the later one has seen more.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, select
from sqlmodel.sql.sqltypes import UTCDateTime

from app import rows
from app.oms import balance, kit, safety, touched
from app.oms import channel as channels
from app.oms.balance import Balance
from app.oms.channel import Channel, ChannelItem, Terms
from app.oms.item import Item
from app.oms.kit import Recipes
from app.oms.safety import Kept
from app.rules import rule_version

Key = tuple[int, int]
"""Channel and item."""
Free = Mapping[int, Sequence[tuple[int, int]]]
"""Of each item what every node has free."""


class Ats(SQLModel, table=True):
    """What a channel may sell of an item; `push_due_at` is null when the channel knows or has not to be told."""

    __tablename__ = "ats"
    __table_args__ = (
        sa.CheckConstraint("quantity >= 0", name="ats_never_negative"),
        sa.Index("ats_push_due", "push_due_at", sqlite_where=sa.text("push_due_at IS NOT NULL"),
                 postgresql_where=sa.text("push_due_at IS NOT NULL")),
    )  # fmt: skip

    channel_id: int = Field(foreign_key="channel.id", primary_key=True)
    item_id: int = Field(foreign_key="item.id", primary_key=True, index=True)
    quantity: int = 0
    version: int = 0
    changed_at: datetime
    push_due_at: datetime | None = None
    pushed_quantity: int | None = None
    pushed_version: int = 0
    acked_version: int = 0


def ats(free: Iterable[int], *, buffer: int, cap: int | None) -> int:
    """Each node is clamped before the sum: what one owes, another does not have less of. Then the buffer is left of
    the stock, and the cap is of what is offered: capped at 7 with 2 left aside, it may sell 7 as long as 9 are."""
    offered = max(0, sum(max(0, each) for each in free) - buffer)
    return offered if cap is None else min(cap, offered)


def catch_up(session: Session, *, at: datetime) -> int:
    """Work out what was touched longest ago; how many items that was."""
    items = touched.take(session)
    if items:
        work_out(session, items, at=at)
    return len(items)


def work_out(session: Session, item_ids: Sequence[int], *, at: datetime) -> None:
    """What these items' balances keep back, and what every channel may then sell of them, and of kits they go into."""
    ids = sorted(kit.containing(session, item_ids) | set(item_ids))
    kept = _locked(session, session.exec(select(Channel.id)).all(), ids, at)
    known = {channel_id for channel_id, _ in kept}
    terms = {each.channel_id: each for each in channels.all_terms(session, at=at) if each.channel_id in known}
    scale = _scales(session, ids)
    own = channels.own_numbers(session, ids)
    true = true_quantities(_free_of(session, ids, at), terms.values(), own, scale)
    changed = [
        _changed(key, quantity, _due(terms[key[0]], quantity, scale[key[1]], at), at)
        for key, quantity in true.items() if quantity != kept[key]
    ]  # fmt: skip
    if changed:
        session.connection().execute(_CHANGE, changed)


def true_quantities(
    free: Free, terms: Iterable[Terms], own: Mapping[Key, ChannelItem], scale: Mapping[int, int]
) -> dict[Key, int]:
    """What each channel may sell of each item by the stock as it stands."""
    true = {}
    for theirs in terms:
        for item_id, one in scale.items():
            buffer, cap = theirs.numbers(own.get((theirs.channel_id, item_id)), one=one)
            there = (units for node_id, units in free.get(item_id, ()) if node_id in theirs.pool)
            true[theirs.channel_id, item_id] = ats(there, buffer=buffer, cap=cap)
    return true


_NOW, _DUE = sa.bindparam("now", type_=sa.Integer()), sa.bindparam("due", type_=UTCDateTime())
_CHANGE = (
    sa.update(Ats)
    .where(col(Ats.channel_id) == sa.bindparam("of_channel"), col(Ats.item_id) == sa.bindparam("of_item"))
    .values(
        quantity=_NOW, version=col(Ats.version) + 1, changed_at=sa.bindparam("at"),
        push_due_at=sa.case((col(Ats.push_due_at) < _DUE, col(Ats.push_due_at)), else_=_DUE),
    )
)  # fmt: skip
"""What waits to be pushed already leaves no later than it would have."""


def _changed(key: Key, quantity: int, due: datetime | None, at: datetime) -> dict[str, Any]:
    return {"of_channel": key[0], "of_item": key[1], "now": quantity, "at": at, "due": due}


def _due(terms: Terms, quantity: int, one: int, at: datetime) -> datetime | None:
    """Near the end of the stock a channel hears at once; else what changes meanwhile leaves with the first change."""
    if not terms.is_pushed:
        return None
    return at if terms.is_near_the_end(quantity, one=one) else at + terms.publish_delay


def _locked(session: Session, channel_ids: Sequence[int], item_ids: Sequence[int], at: datetime) -> dict[Key, int]:
    """The numbers as they were kept, held until this transaction ends; those that never were begin at nothing."""
    keys = [(channel_id, item_id) for channel_id in channel_ids for item_id in item_ids]
    if not keys:
        return {}
    named = dict(zip(("channel_id", "item_id"), zip(*keys, strict=True), strict=True))
    found = rows.find(session, Ats, (*named, "quantity"), named, locked=True)
    if len(found) < len(keys):
        none = dict.fromkeys(("quantity", "version", "pushed_version", "acked_version"), [0] * len(keys))
        rows.write(session, rows.Insert(Ats, named | none | {"changed_at": [at] * len(keys)}, skip_taken=True))
        found = rows.find(session, Ats, (*named, "quantity"), named, locked=True)
    return {(row[0], row[1]): row[2] for row in found}


def _scales(session: Session, item_ids: Sequence[int]) -> dict[int, int]:
    decimals = session.exec(select(Item.id, Item.decimals).where(col(Item.id).in_(item_ids)))
    return {item_id: 10**places for item_id, places in decimals}


def _free_of(session: Session, item_ids: Sequence[int], at: datetime) -> Free:
    """By the rules in force, which the balances are told of here; below zero where more is promised than there is.

    What a kit is made of is read under the lock on its number: else a recipe just replaced could have the last word.
    """
    made_of = kit.recipes(session, item_ids)
    found = _balances(session, _with_parts(item_ids, made_of))
    kept = {(item_id, node_id): Kept(units, rule) for item_id, node_id, *_, units, rule in found}
    safe = safety.settle(session, kept, at=at)
    return _free(found, safe, made_of)


def _with_parts(item_ids: Iterable[int], made_of: Recipes) -> list[int]:
    return sorted({*item_ids, *(part for recipe in made_of.values() for part in recipe)})


def _free(found: Sequence[Any], safe: Mapping[Key, int], made_of: Recipes) -> Free:
    """A kit has none of its own: at each node there are as many as its things make there."""
    free: dict[int, list[tuple[int, int]]] = defaultdict(list)
    there: dict[int, dict[int, int]] = defaultdict(dict)
    for item_id, node_id, on_hand, unavailable, reserved, suppressed, *_ in found:
        units = balance.sellable(on_hand, unavailable) - reserved - suppressed - safe[item_id, node_id]
        free[item_id].append((node_id, units))
        there[node_id][item_id] = units
    for kit_id, recipe in made_of.items():
        free[kit_id] = [(node_id, kit.sets(recipe, units)) for node_id, units in there.items()]
    return free


def _balances(session: Session, item_ids: Sequence[int]) -> list[Any]:
    states = ("item_id", "node_id", "on_hand", "unavailable", "reserved", "suppressed", "safety", "safety_rule")
    return rows.find(session, Balance, states, {"item_id": item_ids})


def untrue(session: Session, *, at: datetime) -> Iterable[str]:
    """Every number a channel sells by that its stock does not give; what waits to be worked out is not wrong yet."""
    terms, waiting = channels.all_terms(session, at=at), touched.waiting(session)
    if not terms or rule_version.effect_due(session, at):
        return
    waiting |= kit.containing(session, waiting)
    ids = [item_id for item_id in session.exec(select(Item.id).order_by(col(Item.id))) if item_id not in waiting]
    for start in range(0, len(ids), touched.MOST_ITEMS):
        bite = ids[start : start + touched.MOST_ITEMS]
        made_of = kit.recipes(session, bite)
        found = _balances(session, _with_parts(bite, made_of))
        free = _free(found, {(item_id, node_id): units for item_id, node_id, *_, units, _ in found}, made_of)
        true = true_quantities(free, terms, channels.own_numbers(session, bite), _scales(session, bite))
        told = {(row.channel_id, row.item_id): row.quantity for row in session.exec(
            select(Ats).where(col(Ats.item_id).in_(bite)).execution_options(populate_existing=True))}  # fmt: skip
        for key, quantity in true.items():
            if told.get(key, 0) != quantity:
                yield f"item {key[1]} in channel {key[0]}: sold as {told.get(key, 0)}, but its stock gives {quantity}"
