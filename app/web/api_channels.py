"""The API for whoever shares the stock out: from which nodes a channel sells, and what it is allotted of an item."""

from collections.abc import Sequence

from flask import Blueprint, Response, g, request
from sqlmodel import Session, col, select

from app import db
from app.clock import now
from app.oms import allotment
from app.oms import channel as channels
from app.oms import item as items
from app.oms import node as nodes
from app.oms.channel import Channel, ChannelItem
from app.oms.item import Item
from app.oms.node import NodeKind
from app.people import api_client
from app.people.api_client import ForeignChannel, Scope
from app.refusals import Unreadable
from app.web import api_body
from app.web.api import once
from app.web.channel_models import (
    AllotmentIn,
    AllotmentOut,
    AllottedIn,
    ChannelOut,
    ChannelsOut,
    SellFromIn,
    ShareOut,
    TakenBackIn,
)

api_channels = Blueprint("api_channels", __name__, url_prefix="/api")
MOST = 100


@api_channels.before_request
def _must_hold_a_key() -> None:
    with db.reading() as session:
        g.client = api_client.by_header(session, request.headers.get("Authorization", ""), scope=Scope.STOCK)


@api_channels.get("/channels")
def show():
    with db.reading() as session:
        known = session.exec(select(Channel).order_by(col(Channel.code)))
        shown = [_pool(session, channel) for channel in known if g.client.may_use(channel.code)]
        return ChannelsOut(channels=shown).model_dump()


@api_channels.post("/channels/nodes")
@once(SellFromIn)
def sell_from(session: Session, body: SellFromIn, actor: str):
    channel = channels.locked(session, _ours(body.channel))
    kinds = [NodeKind[word.upper()] for word in body.kinds]
    channels.sell_from(session, channel, kinds=kinds, node_ids=nodes.ids_of(session, body.nodes), actor=actor, at=now())
    return _pool(session, channel), 200


@api_channels.get("/allotments")
def allotted():
    asked = api_body.asked(AllottedIn, several={"skus": "sku"}, once=["channel", "after"])
    if isinstance(asked, Response):
        return asked
    with db.reading() as session:
        channel = channels.found(session, _ours(asked.channel))
        found = allotment.of_channel(session, channel, skus=asked.skus, after=int(asked.after), most=MOST)
        return _shown(channel, found, is_cut=len(found) == MOST).model_dump()


@api_channels.post("/allotments")
@once(AllotmentIn)
def allot(session: Session, body: AllotmentIn, actor: str):
    channel = channels.locked(session, _ours(body.channel))
    known = _items(session, [line.sku for line in body.lines])
    for line in body.lines:
        item = known[line.sku]
        buffer, cap = (allotment.units(item, amount, unit=line.unit) for amount in (line.buffer, line.cap))
        allotment.allot(session, channel, item, buffer=buffer, cap=cap, actor=actor, at=now())
    return _shown(channel, allotment.of_channel(session, channel, skus=known)), 200


@api_channels.delete("/allotments")
def take_back():
    asked = api_body.asked(TakenBackIn, several={"skus": "sku"}, once=["channel"])
    if isinstance(asked, Response):
        return asked
    with db.transaction() as session:
        channel = channels.locked(session, _ours(asked.channel))
        for item in _items(session, asked.skus).values():
            allotment.take_back(session, channel, item, actor=f"api/{g.client.id}", at=now())
        return _shown(channel, []).model_dump()


def _ours(code: str) -> str:
    if not g.client.may_use(code):
        raise ForeignChannel(f"This key shares out nothing to the channel {code}.")
    return code


def _items(session: Session, skus: Sequence[str]) -> dict[str, Item]:
    known = items.by_sku(session, set(skus))
    if unknown := sorted(set(skus) - known.keys()):
        raise Unreadable(f"There is no item {unknown[0]}.")
    if len(known) < len(skus):
        raise Unreadable("Each sku may be named only once.")
    return known


def _pool(session: Session, channel: Channel) -> ChannelOut:
    session.flush()
    kinds = [NodeKind(kind).name.lower() for kind in channel.node_kinds]
    nodes_besides = channels.listed_nodes(session, channel)
    return ChannelOut(channel=channel.code, name=channel.name, kinds=kinds, nodes=nodes_besides)


def _shown(channel: Channel, found: Sequence[tuple[ChannelItem, Item]], *, is_cut: bool = False) -> AllotmentOut:
    last = str(found[-1][1].id) if is_cut else None
    return AllotmentOut(channel=channel.code, lines=[_line(own, item) for own, item in found], next=last)


def _line(own: ChannelItem, item: Item) -> ShareOut:
    buffer, cap = (item.amount_of(units) if units is not None else None for units in (own.buffer, own.cap))
    return ShareOut(sku=item.sku, unit=item.unit, buffer=buffer, cap=cap)
