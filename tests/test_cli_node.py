"""Places from the command line: opened, given terms, down and up."""

import json
from datetime import datetime

import pytest
from sqlmodel import Session

from app.oms import outage
from app.oms.node import Node
from app.oms.outage import NodeWentDown, NotDown
from app.refusals import Unreadable
from tests.oms.network import Network, open_network
from tests.oms.shop import open_shop, two_milk
from tests.oms.test_sourcing import milk, senders
from tests.test_cli import run  # noqa: F401 - a fixture


@pytest.fixture
def network(session: Session, nine: datetime) -> Network:
    return open_network(session, open_shop(session, nine))


def depot(session: Session, network: Network) -> Node:
    return session.get_one(Node, network.depot)


def test_nothing_is_routed_to_a_place_that_is_down(session: Session, nine: datetime, network: Network, recorded):
    outage.take_down(session, depot(session, network), reason="flood", until=None, actor="ops", at=nine)
    assert network.depot not in senders(network.place(session, two_milk()))

    outage.bring_up(session, depot(session, network), actor="ops", at=nine)

    assert senders(network.place(session, two_milk(), external_id="A-2")) == {network.depot: 2}
    assert [event.reason for event in recorded(NodeWentDown)] == ["flood"]
    with pytest.raises(NotDown):
        outage.bring_up(session, depot(session, network), actor="ops", at=nine)


@pytest.mark.parametrize(("units", "goes"), [(2, True), (20, False)])
def test_what_waits_there_goes_elsewhere_when_it_can(
    session: Session, nine: datetime, network: Network, *, units: int, goes: bool
):
    order, here = network.place(session, milk(units)), depot(session, network)
    outage.take_down(session, here, reason="flood", until=None, actor="ops", at=nine)

    moved = [outage.move_on(session, each, here, actor="ops", at=nine) for each in outage.waiting_at(session, here)]

    assert moved == [goes]
    assert (network.depot in senders(order)) != goes
    assert sum(senders(order).values()) == units


def test_a_place_is_not_down_until_yesterday_nor_for_no_reason(session: Session, nine: datetime, network: Network):
    for reason, until in (("", None), ("flood", nine)):
        with pytest.raises(Unreadable):
            outage.take_down(session, depot(session, network), reason=reason, until=until, actor="ops", at=nine)


def test_from_the_command_line(run):  # noqa: F811
    run("migrate")
    assert run("node", "open", "V1", "Mugs direct", "--kind", "vendor").output == "Mugs direct (V1) is open.\n"
    assert run("node", "open", "V1", "Again", "--kind", "dc").exit_code == 1
    said = run("node", "terms", "V1", "--latitude", "53.8", "--longitude", "-1.5", "--parcel-minor", "395")
    assert json.loads(said.output).items() >= {"latitude": 53.8, "parcel_minor": 395, "does_ship": True}.items()
    assert run("node", "terms", "V1", "--latitude", "53.8").exit_code == 1

    assert "until it is up" in run("node", "down", "V1", "--reason", "strike", "--move").output
    assert "down: strike" in run("node", "show").output
    assert run("node", "up", "V1").output == "Mugs direct is up.\n"
    assert run("node", "up", "V1").exit_code == 1
    assert run("node", "down", "V9", "--reason", "x").exit_code == 1


NONSENSE = (
    ["open", "", "Nowhere", "--kind", "dc"], ["open", " V2", "Vendor", "--kind", "vendor"],
    ["open", "V\n2", "Vendor", "--kind", "vendor"], ["open", "V" * 81, "Vendor", "--kind", "vendor"],
    ["open", "V2", " ", "--kind", "vendor"], ["terms", "V1", "--latitude", "nan", "--longitude", "1"],
    ["terms", "V1", "--carrier-failure-rate", "nan"], ["terms", "V1", "--ship-capacity", "-1"],
)  # fmt: skip


def test_what_can_not_be_meant_is_refused_before_anything_is_done(run):  # noqa: F811
    run("migrate")
    run("node", "open", "V1", "Mugs direct", "--kind", "vendor")
    before = run("node", "show", "--json").output

    said = [run("node", *each) for each in NONSENSE]

    assert [(done.exit_code, "Invalid value" in done.output) for done in said] == [(2, True)] * len(NONSENSE)
    assert run("node", "show", "--json").output == before
