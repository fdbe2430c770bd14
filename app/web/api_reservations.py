"""The API for baskets: other systems hold stock for a while, hold more or less of it, and let it go."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from uuid import UUID, uuid5

from flask import Response, g, jsonify
from sqlmodel import Session, col, select

from app import db
from app.clock import now
from app.events.replies import KeyAlreadyUsed
from app.oms import admission, desk, hold, kit
from app.oms import item as items
from app.oms import node as nodes
from app.oms.admission import Request, Wish
from app.oms.balance import Key
from app.oms.item import Item
from app.oms.node import Node
from app.oms.placing import MOST_UNITS
from app.oms.reservation import Reservation, ReservationState
from app.oms.verdict import SoldOut
from app.refusals import NotFound, Unreadable
from app.web.api import api, keyed, must_be_for, once
from app.web.errors import problem
from app.web.reservation_models import HeldIn, HeldOut, KeptIn, ReservationChangeIn, ReservationIn, ReservationOut

OURS = UUID("6f1c0b52-3f0e-5a94-9a57-5b0c1d1f7a10")
"""Of each client's keys are made the ids of its holds: the same key is the same hold."""
ADDRESS = "/api/reservations"
A_HOLD = f"{ADDRESS}/<uuid:hold_id>"

Goods = Mapping[Key, tuple[Item, Node]]


@api.post(ADDRESS)
@keyed(ReservationIn)
def reserve(key: str, body: ReservationIn):
    """The answer is on disk when it is given; whoever asks again under the same key gets it again."""
    must_be_for(body.channel)
    with db.reading() as session:
        goods, needs = _asked(session, body.lines)
    hold_id = uuid5(OURS, f"{g.client.id} {key}")
    verdict = desk.ask(_request(hold_id, body, needs))
    if verdict.is_conflict:
        raise KeyAlreadyUsed("This Idempotency-Key was used for a different request.")
    verdict.or_refuse()
    lines = [_line(*goods[each], units) for each, units in needs.items()]
    ends = (verdict.decided_at or now()) + timedelta(seconds=body.expires_in_s)
    said = ReservationOut(id=str(hold_id), state="soft", channel=body.channel, expires_at=ends, lines=lines)
    return _first_or_again(said, is_repeat=verdict.is_repeat)


@api.get(A_HOLD)
def held(hold_id: UUID):
    with db.reading() as session:
        return _shown(session, hold_id).model_dump(mode="json")


@api.patch(A_HOLD)
@once(ReservationChangeIn)
def hold_other_amounts(session: Session, body: ReservationChangeIn, actor: str, hold_id: UUID):
    _found(session, hold_id)
    wanted = _wanted(session, body.lines)
    hold.change(session, hold.key_of(hold_id), wanted, actor=actor, at=now())
    return _shown(session, hold_id), 200


@api.delete(A_HOLD)
def let_go(hold_id: UUID):
    with db.transaction() as session:
        _found(session, hold_id)
        hold.release(session, hold.key_of(hold_id), actor=f"api/{g.client.id}", at=now())
        return _shown(session, hold_id).model_dump(mode="json")


@api.errorhandler(SoldOut)
def _sold_out(no: SoldOut) -> Response:
    """Which sku, where, and how much of it could be had."""
    with db.reading() as session:
        goods = _goods(session, [(each.item_id, each.node_id) for each in no.lacking])
    lacking = [(*goods[each.item_id, each.node_id], each) for each in no.lacking]
    said = [f"Of {item.sku} at {node.code}, {item.said(lack.free)} are free." for item, node, lack in lacking]
    errors = [{"sku": item.sku, "node": node.code, "unit": item.unit, "asked": item.amount_of(lack.asked),
               "free": item.amount_of(lack.free)} for item, node, lack in lacking]  # fmt: skip
    return problem(409, no.words, slug="sold-out", detail=" ".join(said), errors=errors)


def _request(hold_id: UUID, body: ReservationIn, needs: Mapping[Key, int]) -> Request:
    at, key = now(), hold.key_of(hold_id)
    wishes = tuple(Wish(item_id=item, node_id=node, quantity=units) for (item, node), units in needs.items())
    return Request(
        key=key, wishes=wishes, state=ReservationState.SOFT, document=key, actor=f"api/{g.client.id}", at=at,
        channel=body.channel, expires_at=at + timedelta(seconds=body.expires_in_s), terms=f"{body.expires_in_s} s",
    )  # fmt: skip


def _first_or_again(said: ReservationOut, *, is_repeat: bool) -> Response:
    reply = jsonify(said.model_dump(mode="json"))
    reply.status_code = 201
    if is_repeat:
        reply.headers["Idempotency-Replayed"] = "true"
    return reply


def _asked(session: Session, lines: Sequence[HeldIn]) -> tuple[Goods, dict[Key, int]]:
    """What has to be held, of each item and node in one sum: of a kit, the things it is made of."""
    found, there = _named(session, lines)
    made_of = kit.components(session, [item.id for item in found.values()])
    goods: dict[Key, tuple[Item, Node]] = {}
    needs: dict[Key, int] = {}
    for line in lines:
        item, node, units = found[line.sku], there[line.node], line.units(found[line.sku])
        _refuse_absurd(item, units)
        for part, each in made_of.get(item.id, [(item, 1)]):
            key = part.id, node.id
            goods[key] = part, node
            needs[key] = needs.get(key, 0) + units * each
    for key, units in needs.items():
        _refuse_absurd(goods[key][0], units)
    return goods, needs


def _refuse_absurd(item: Item, units: int) -> None:
    most = min(item.units_of(MOST_UNITS), admission.MOST_UNITS)
    if units > most:
        raise Unreadable(f"Of {item.sku} a basket may hold up to {item.said(most)}.")


def _wanted(session: Session, lines: Sequence[KeptIn]) -> dict[Key, int]:
    found, there = _named(session, lines)
    wanted = {(found[each.sku].id, there[each.node].id): found[each.sku].units_of(each.quantity) for each in lines}
    for each in lines:
        _refuse_absurd(found[each.sku], wanted[found[each.sku].id, there[each.node].id])
    return wanted


def _named(session: Session, lines: Sequence[HeldIn] | Sequence[KeptIn]) -> tuple[dict[str, Item], dict[str, Node]]:
    """The items and nodes these lines name, each pair once."""
    named = [(line.sku, line.node) for line in lines]
    found, there = items.by_sku(session, {sku for sku, _ in named}), nodes.by_code(session, {code for _, code in named})
    if unknown := sorted({sku for sku, _ in named} - found.keys()):
        raise Unreadable(f"There is no item {unknown[0]}.")
    if unknown := sorted({code for _, code in named} - there.keys()):
        raise Unreadable(f"There is no node {unknown[0]}.")
    if len(set(named)) < len(named):
        raise Unreadable("Each sku may stand once for each node; add the quantities up.")
    return found, there


def _found(session: Session, hold_id: UUID) -> list[Reservation]:
    claims = hold.of(session, hold.key_of(hold_id))
    if not claims or not g.client.may_use(claims[0].channel):
        raise NotFound("There is no such reservation.")
    return claims


def _shown(session: Session, hold_id: UUID) -> ReservationOut:
    at, claims = now(), _found(session, hold_id)
    goods = _goods(session, [claim.key for claim in claims])
    lines = [_line(*goods[each.key], each.open_quantity if each.is_standing(at) else 0) for each in claims]
    ends = claims[0].expires_at
    assert ends is not None  # noqa: S101 - what this door keeps ends
    return ReservationOut(id=str(hold_id), state=hold.state_of(claims, at=at), channel=claims[0].channel,
                          expires_at=ends, lines=lines)  # fmt: skip


def _goods(session: Session, keys: Sequence[Key]) -> Goods:
    found = {item.id: item for item in session.exec(select(Item).where(col(Item.id).in_({key[0] for key in keys})))}
    there = {node.id: node for node in session.exec(select(Node).where(col(Node.id).in_({key[1] for key in keys})))}
    return {key: (found[key[0]], there[key[1]]) for key in keys}


def _line(item: Item, node: Node, units: int) -> HeldOut:
    return HeldOut(sku=item.sku, unit=item.unit, node=node.code, quantity=item.amount_of(units))
