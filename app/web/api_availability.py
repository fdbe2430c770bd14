"""The API's answer to "how many may I sell?": by sku, at stores and other nodes, or through a channel."""

from collections.abc import Sequence
from typing import Any

from flask import Response, g
from sqlmodel import Session, col, select

from app import db
from app.clock import now
from app.oms import channel as channels
from app.oms import item, offer
from app.oms.channel import Channel
from app.oms.node import Node
from app.oms.offer import Offer
from app.people.api_client import ForeignChannel
from app.refusals import NotFound
from app.web import api_body
from app.web.api import api
from app.web.availability_models import AvailabilityIn, AvailabilityOut, OfferOut


@api.get("/api/availability")
def availability():
    return _answer(api_body.asked(AvailabilityIn, several={"skus": "sku", "stores": "store"}, once=["channel"]))


@api.post("/api/availability")
def availability_of_many():
    return _answer(api_body.read(AvailabilityIn))


def _answer(asked: AvailabilityIn | Response) -> Any:
    if isinstance(asked, Response):
        return asked
    with db.reading() as session:
        known = item.by_sku(session, set(asked.skus))
        skus = list(dict.fromkeys(asked.skus))
        offers = _offers(session, [known[sku] for sku in skus if sku in known], asked)
        unknown = [sku for sku in skus if sku not in known]
        return AvailabilityOut(availability=[_shown(each) for each in offers], unknown_skus=unknown).model_dump(
            mode="json"
        )


def _offers(session: Session, items: Sequence[item.Item], asked: AvailabilityIn) -> list[Offer]:
    channel = _channel(session, asked.channel) if asked.channel is not None else None
    if asked.stores or channel is None:
        return offer.at_nodes(session, items, _nodes(session, asked.stores), at=now(), channel=channel)
    return offer.of_channel(session, items, channel, at=now())


def _channel(session: Session, code: str) -> Channel:
    if not g.client.may_use(code):
        raise ForeignChannel(f"This key asks for nothing of the channel {code}.")
    return channels.found(session, code)


def _nodes(session: Session, codes: Sequence[str]) -> list[Node]:
    found = {node.code: node for node in session.exec(select(Node).where(col(Node.code).in_(codes)))}
    if missing := [code for code in codes if code not in found]:
        raise NotFound(f"There is no store {missing[0]}.")
    return [found[code] for code in dict.fromkeys(codes)]


def _shown(each: Offer) -> OfferOut:
    return OfferOut(
        sku=each.item.sku, unit=each.item.unit, quantity=each.item.amount_of(each.units), store=each.node,
        channel=each.channel, version=each.version, as_of=each.as_of, is_stale=each.is_stale,
    )  # fmt: skip
