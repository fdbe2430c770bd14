"""Which nodes could serve an order, as they stand now: read in a few sets, and frozen for the choice."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import asin, ceil, cos, radians, sin, sqrt

import sqlalchemy as sa
from sqlmodel import Session, col, select

from app.oms import arrival, premises, routing_decision
from app.oms.address import ShipTo
from app.oms.balance import Balance, Key, sellable
from app.oms.node import Node, NodeKind
from app.oms.node_terms import NodeTerms
from app.oms.order import Order
from app.oms.order_line import Fulfilment, FulfilmentKind
from app.oms.routing import Candidate, Method

EARTH_KM = 6371.0
SOME_DAY = datetime(9999, 12, 31, tzinfo=UTC)
"""When nobody can say."""
A_DAY = timedelta(days=1)

Point = tuple[float, float]
"""Latitude and longitude, in degrees."""
Credit = Callable[[], Mapping[Key, int]]
"""What a basket holds for this very order, by item and node: for others it is promised, for this order it is free."""


def no_credit() -> Mapping[Key, int]:
    """Nothing is held for it yet."""
    return {}


@dataclass(frozen=True, slots=True)
class Standing:
    """A node that has some of it, and on what terms it works."""

    node: Node
    terms: NodeTerms
    free: Mapping[int, int]

    @property
    def methods(self) -> frozenset[Method]:
        does = {Method.PICKUP: self.terms.does_pickup, Method.SHIP: self.terms.does_ship}
        return frozenset(method for method, is_done in does.items() if is_done)

    def way(self, to: Point | None) -> float | None:
        """How many kilometres it is to there, if anybody knows."""
        here = point_of(self.terms)
        return None if to is None or here is None else kilometres(here, to)

    def is_up(self, at: datetime) -> bool:
        return self.terms.down_until is None or self.terms.down_until <= at


def to_ship(
    session: Session, order: Order, item_ids: Collection[int], *, at: datetime, credit: Credit = no_credit
) -> list[Candidate]:
    """Every node that has some of it, with what a parcel from there would mean."""
    address = session.get(ShipTo, order.id)
    found, to = standing(session, item_ids, credit=credit()), point_of(address)
    asked = _asked_today(session, [each.node.id for each in found], at=at)
    done, refused = _done(session, found, at=at), routing_decision.refused(session, order.id)
    ages = arrival.age_days(session, item_ids, at=at)
    return [
        Candidate(
            node_id=each.node.id, free=each.free, methods=each.methods, is_up=each.is_up(at),
            ready_at=done[each.node.id] + travel(each.way(to), each.terms), distance_km=each.way(to),
            has_cold_chain=each.terms.has_cold_chain, refused=frozenset(refused.get(each.node.id, ())),
            capacity_left=each.terms.ship_capacity - asked.get(each.node.id, 0),
            load=min(1.0, asked.get(each.node.id, 0) / max(1, each.terms.ship_capacity)),
            parcel_minor=each.terms.parcel_minor, per_kg_minor=each.terms.per_kg_minor,
            carrier_failure_rate=each.terms.carrier_failure_rate, nil_pick_rate=each.terms.nil_pick_rate,
            age_days=ages.get(each.node.id, {}),
        )
        for each in found
    ]  # fmt: skip


def at_the_store(
    session: Session, order: Order, item_ids: Collection[int], *, at: datetime, credit: Credit = no_credit,
    is_new: bool = False,
) -> list[Candidate]:  # fmt: skip
    """The one the customer chose. They are served there even late, so no promise keeps it from them.

    Of an order that is only being placed nobody has refused anything.
    """
    refused = {} if is_new else routing_decision.refused(session, order.id)
    return [
        Candidate(
            node_id=each.node.id, free=each.free, methods=each.methods, is_up=each.is_up(at),
            ready_at=order.promised_at, refused=frozenset(refused.get(each.node.id, ())),
        )
        for each in standing(session, item_ids, only=order.pickup_store_id, credit=credit())
    ]  # fmt: skip


def to_bring(session: Session, order: Order, wanted: Mapping[int, int], *, at: datetime) -> list[Candidate]:
    """Who could send it to the customer's store: whoever has all of an item, because no line comes in two boxes.

    Vendors send to customers, not to stores; and for a way of unknown length nobody can promise a day.
    """
    store = Standing(session.get_one(Node, order.pickup_store_id), _terms(session, order.pickup_store_id), {})
    found, to = standing(session, wanted, credit={}), point_of(store.terms)
    done, refused = _done(session, found, at=at), routing_decision.refused(session, order.id)
    return [
        Candidate(
            node_id=each.node.id, distance_km=each.way(to),
            ready_at=SOME_DAY if each.way(to) is None else done[each.node.id] + travel(each.way(to), each.terms),
            free={item_id: units for item_id, units in each.free.items() if units >= wanted[item_id]},
            is_up=each.is_up(at) and store.is_up(at), refused=frozenset(refused.get(each.node.id, ())),
            has_cold_chain=each.terms.has_cold_chain,
        )
        for each in found if each.node.id != store.node.id and each.node.kind != NodeKind.VENDOR
    ]  # fmt: skip


def lies_somewhere(session: Session, node_id: int) -> bool:
    """Whether anybody knows where: else nobody can say when something would be there."""
    return point_of(_terms(session, node_id)) is not None


def standing(
    session: Session, item_ids: Collection[int], *, credit: Mapping[Key, int], only: int | None = None
) -> list[Standing]:
    """Every node that has some of these items free, or only this one."""
    free = _free(session, item_ids, only, credit)
    known = select(Node, NodeTerms).outerjoin(NodeTerms, col(NodeTerms.node_id) == col(Node.id))
    here = known.where(col(Node.id).in_(free)).order_by(col(Node.id)).execution_options(populate_existing=True)
    return [Standing(node, terms_of(node, terms), free[node.id]) for node, terms in session.exec(here)]


def terms_of(node: Node, kept: NodeTerms | None) -> NodeTerms:
    """Where nobody has set any, a store hands out, and every other place ships."""
    is_store = node.kind == NodeKind.STORE
    return kept or NodeTerms(node_id=node.id, does_pickup=is_store, does_ship=not is_store)


def _terms(session: Session, node_id: int) -> NodeTerms:
    return terms_of(session.get_one(Node, node_id), session.get(NodeTerms, node_id, populate_existing=True))


def _free(
    session: Session, item_ids: Collection[int], only: int | None, credit: Mapping[Key, int]
) -> dict[int, dict[int, int]]:
    """By node and item, more than nothing. Columns, not rows: what was read before must not be read again."""
    names = ("node_id", "item_id", "on_hand", "unavailable", "reserved", "suppressed", "safety")
    kept = sa.select(*(col(getattr(Balance, name)) for name in names)).where(col(Balance.item_id).in_(list(item_ids)))
    found: dict[int, dict[int, int]] = {}
    for row in session.execute(kept if only is None else kept.where(col(Balance.node_id) == only)):
        units = sellable(row.on_hand, row.unavailable) - row.reserved - row.suppressed - row.safety
        units += credit.get((row.item_id, row.node_id), 0)
        if units > 0:
            found.setdefault(row.node_id, {})[row.item_id] = units
    return found


def _asked_today(session: Session, node_ids: Iterable[int], *, at: datetime) -> dict[int, int]:
    """How many orders each was asked to ship in the last day: what a day's work is measured against."""
    asked = (
        sa.select(col(Fulfilment.node_id), sa.func.count())
        .where(col(Fulfilment.node_id).in_(list(node_ids)), col(Fulfilment.kind) == FulfilmentKind.SHIP)
        .where(col(Fulfilment.asked_at) > at - A_DAY)
        .group_by(col(Fulfilment.node_id))
    )
    return {row[0]: row[1] for row in session.execute(asked)}


def _done(session: Session, found: Iterable[Standing], *, at: datetime) -> dict[int, datetime]:
    """When each would hand it to its carrier."""
    spans = {each.node.id: timedelta(seconds=each.terms.handling_s) for each in found}
    return premises.after(session, spans, at=at)


def travel(way: float | None, terms: NodeTerms) -> timedelta:
    """Carriers bring things in whole days; where nobody knows how far it is, in one."""
    return A_DAY if way is None else A_DAY * max(1, ceil(way / terms.km_per_day))


def point_of(place: NodeTerms | ShipTo | None) -> Point | None:
    if place is None or place.latitude is None or place.longitude is None:
        return None
    return place.latitude, place.longitude


def kilometres(one: Point, other: Point) -> float:
    """As the crow flies."""
    lat, lon, to_lat, to_lon = map(radians, (*one, *other))
    half = sin((to_lat - lat) / 2) ** 2 + cos(lat) * cos(to_lat) * sin((to_lon - lon) / 2) ** 2
    return 2 * EARTH_KM * asin(min(1.0, sqrt(half)))
