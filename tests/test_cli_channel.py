"""Channels from the command line: opened, sold from elsewhere, allotted more or less."""

import json
from typing import Any

import pytest
from sqlmodel import Session, col, select

from app import clock, db
from app.events.log import Event
from app.oms import availability, touched
from app.oms.availability import Ats
from app.oms.item import Item
from app.oms.node import Node, NodeKind
from tests.oms.shop import open_shop
from tests.test_cli import run  # noqa: F401 - a fixture


@pytest.fixture
def shop(run):  # noqa: F811
    """Ten bottles of milk and four loaves in a store; cheese by the kilogram; a depot without stock."""
    run("migrate")
    run("verify")
    with db.transaction() as session:
        kept = open_shop(session, clock.now())
        session.add_all([
            Node(kind=NodeKind.DC, code="DC1", name="North depot"),
            Item(sku="CHEESE", name="Cheese", unit="kg", decimals=3),
        ])  # fmt: skip
    assert run("channel", "open", "web", "Web shop").output == "Web shop sells as web.\n"
    return kept


def sold(item_id: int) -> int:
    """Once it was worked out."""
    with db.transaction() as session:
        while availability.catch_up(session, at=clock.now()):
            pass
        return session.exec(select(Ats.quantity).where(Ats.item_id == item_id)).one()


def events(session: Session) -> list[tuple[str, str, dict[str, Any]]]:
    recorded = session.exec(select(Event).where(Event.stream == "channels").order_by(col(Event.seq))).all()
    return [(event.kind, event.actor, event.data) for event in recorded]


def shown(run) -> dict[str, Any]:  # noqa: F811
    channels: dict[str, Any] = json.loads(run("channel", "show", "--json").output.splitlines()[-1])["channels"]
    return channels


def test_a_channel_is_opened_once(shop, run):  # noqa: F811
    again, nowhere = run("channel", "open", "web", "Web shop"), run("channel", "open", "app", "App", "--node", "999")

    assert (again.exit_code, nowhere.exit_code) == (1, 1)
    assert "There is a channel web already." in again.output
    assert "There is no node 999." in nowhere.output
    assert list(shown(run)) == ["web"]


def test_what_is_allotted_is_sold_and_taken_back(shop, run):  # noqa: F811
    assert sold(shop.milk) == 10

    done = run("channel", "allot", "web", "MILK", "--buffer", "2", "--cap", "7", "--by", "ops/1")

    assert done.output == "web: MILK buffer 2 each, cap 7 each.\n"
    assert sold(shop.milk) == 7
    assert sold(shop.bread) == 4
    assert shown(run)["web"]["allotted"] == {"MILK": {"unit": "each", "buffer": "2", "cap": "7"}}

    assert run("channel", "take-back", "web", "MILK").output == "web: MILK as any other item.\n"

    assert sold(shop.milk) == 10
    assert shown(run)["web"]["allotted"] == {}
    with db.reading() as session:
        assert events(session) == [
            ("ItemAllotted", "ops/1", {"channel_id": 1, "item_id": shop.milk, "buffer": 2, "cap": 7}),
            ("AllotmentTakenBack", "operations", {"channel_id": 1, "item_id": shop.milk}),
        ]
    assert run("verify").exit_code == 0


def test_what_is_weighed_is_allotted_in_its_unit(shop, run):  # noqa: F811
    done = run("channel", "allot", "web", "CHEESE", "--cap", "0.350", "--unit", "kg")

    assert done.output == "web: CHEESE cap 0.350 kg.\n"
    assert "  CHEESE  cap 0.350 kg" in run("channel", "show").output.splitlines()


def test_a_channel_sells_from_where_it_is_told(shop, run):  # noqa: F811
    moved = run("channel", "sell-from", "web", "--kind", "dc")

    assert moved.output == "web  Web shop  sells from every dc\n"
    assert sold(shop.milk) == 0

    back = run("channel", "sell-from", "web", "--kind", "dc", "--node", "014", "--by", "ops/1")

    assert back.output == "web  Web shop  sells from every dc, 014\n"
    assert sold(shop.milk) == 10
    assert shown(run)["web"].items() >= {"kinds": ["dc"], "nodes": ["014"]}.items()
    with db.reading() as session:
        assert [(kind, by) for kind, by, _ in events(session)] == [
            ("ChannelPoolChanged", "operations"), ("ChannelPoolChanged", "ops/1")]  # fmt: skip
    assert run("verify").exit_code == 0


NO = [
    (["sell-from", "shop", "--kind", "dc"], 1, "There is no channel shop."),
    (["sell-from", "web"], 1, "Say from which kinds of node"),
    (["sell-from", "web", "--kind", "dc", "--node", "999"], 1, "There is no node 999."),
    (["sell-from", "web", "--kind", "moon"], 2, "'moon' is not one of"),
    (["allot", "shop", "MILK", "--cap", "1"], 1, "There is no channel shop."),
    (["allot", "web", "BEER", "--cap", "1"], 1, "There is no item BEER."),
    (["allot", "web", "MILK"], 1, "left aside"),
    (["allot", "web", "MILK", "--cap", "-1"], 2, "never below 0"),
    (["allot", "web", "MILK", "--buffer", "1e3"], 2, "it is written like"),
    (["allot", "web", "MILK", "--buffer", "nan"], 2, "it is written like"),
    (["allot", "web", "MILK", "--cap", "0.5"], 1, "in whole numbers"),
    (["allot", "web", "CHEESE", "--cap", "1000000.001"], 1, "from 0 to 1000000 kg"),
    (["allot", "web", "MILK", "--cap", "999999999"], 1, "from 0 to 1000000 each"),
    (["allot", "web", "CHEESE", "--cap", "1", "--unit", "g"], 1, "counted by the kg, not by the g"),
    (["take-back", "web", "MILK"], 1, "Nothing of MILK is allotted to web."),
    (["take-back", "web", "BEER"], 1, "There is no item BEER."),
    (["take-back", "shop", "MILK"], 1, "There is no channel shop."),
]


def test_what_can_not_be_meant_is_refused_in_words_and_changes_nothing(shop, run):  # noqa: F811
    sold(shop.milk)
    before = run("channel", "show", "--json").output

    for said, code, words in NO:
        done = run("channel", *said)
        assert (done.exit_code, words in done.output) == (code, True), (said, done.output)

    assert run("channel", "show", "--json").output == before
    with db.reading() as session:
        assert events(session) == []
        assert not touched.is_waiting(session)
