"""Where an order comes from, on the screen: read by those it concerns, decided otherwise by a lead with a reason."""

from collections.abc import Iterator

import pytest
from sqlmodel import Session

from app import db
from app.events import log
from app.oms import routing_decision
from app.oms.node_terms import NodeTerms
from app.oms.placing import LineRequest
from app.people.associate import Role
from tests.oms.network import Network, open_network
from tests.web.shop_floor import PLAIN, Floor, open_floor

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def floor(database: db.Database, database_url: str) -> Iterator[Floor]:
    yield open_floor(database_url)
    log.react_with({})


@pytest.fixture
def network(floor: Floor) -> Network:
    with db.transaction() as session:
        network = open_network(session, floor.shop)
        session.get_one(NodeTerms, floor.shop.node_id).parcel_minor = 0
        return network


@pytest.fixture
def order_id(network: Network) -> int:
    with db.transaction() as session:
        return network.place(session, LineRequest(sku="MILK", quantity=2, unit_price_minor=150)).id


def modes(session: Session, order_id: int) -> list[str]:
    return [each.mode.value for each in routing_decision.of_order(session, order_id)]


def test_it_says_what_was_decided_and_what_it_was_chosen_from(floor: Floor, order_id: int):
    page = floor.tablet().get(f"/routing/{order_id}").text

    assert "Goes out in parcels" in page
    assert "Sends 2 × Milk" in page
    assert "North depot" in page
    assert "Dairy direct" in page
    assert "Decide otherwise" not in page


def test_a_lead_decides_otherwise_with_a_reason(floor: Floor, network: Network, order_id: int):
    sana = floor.tablet("Sana Khan", Role.STORE_LEAD)

    done = sana.post(f"/routing/{order_id}", data={"node": "V1", "reason": "the till is down"}, headers=PLAIN)

    assert (done.status_code, done.location) == (303, f"/routing/{order_id}")
    page = sana.get(f"/routing/{order_id}").text
    assert "By hand" in page
    assert "the till is down" in page
    assert "Not asked" in page
    assert "Not needed" not in page
    moved = sana.get("/pickup-tasks/1").text
    assert "another place sends all of it" in moved
    assert "0 items" not in moved
    with db.reading() as session:
        assert modes(session, order_id) == ["manual", "normal"]


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"node": "V9", "reason": "nearer"}, "Choose the place"),
        ({"node": "V1", "reason": " "}, "Say why"),
        ({"node": "V1"}, "Say why"),
        ({"node": "014", "reason": "here"}, "Nothing of order"),
        ({"node": "V1", "reason": "x" * 201}, "Choose the place"),
    ],
)
def test_what_cannot_be_is_said_on_the_same_page(floor: Floor, order_id: int, form: dict[str, str], words: str):
    sana = floor.tablet("Sana Khan", Role.STORE_LEAD)

    no = sana.post(f"/routing/{order_id}", data=form, headers=PLAIN)

    assert no.status_code in {409, 422}
    assert words in no.text
    assert "Places that were looked at" in no.text
    with db.reading() as session:
        assert modes(session, order_id) == ["normal"]


def test_a_place_that_has_too_little_is_named_with_the_reason(floor: Floor, network: Network):
    with db.transaction() as session:
        order_id = network.place(session, LineRequest(sku="MILK", quantity=8, unit_price_minor=150)).id
    sana = floor.tablet("Sana Khan", Role.STORE_LEAD)

    no = sana.post(f"/routing/{order_id}", data={"node": "V1", "reason": "nearer"}, headers=PLAIN)

    assert no.status_code == 409
    assert "Dairy direct can&#39;t send it: it has not all of it." in no.text
    assert 'value="V1" checked' in no.text
    assert 'value="nearer"' in no.text


def test_the_reason_is_the_named_place_s_own_and_not_why_the_rules_left_it_out(floor: Floor, network: Network):
    with db.transaction() as session:
        lines = LineRequest(sku="MILK", quantity=5000, unit_price_minor=150)
        order_id = network.place(session, lines, store_code="014", ship_to=None, promised_at=floor.shop.opened_at).id
    sana = floor.tablet("Sana Khan", Role.STORE_LEAD)
    before = sana.get(f"/routing/{order_id}").text
    assert "Would be too late" in before
    assert "Has not enough" in before
    assert "Not needed" not in before

    no = sana.post(f"/routing/{order_id}", data={"node": "DC1", "reason": "never mind the day"}, headers=PLAIN)

    assert "North depot can&#39;t send it: it has not all of it." in no.text
    assert "Has not all of any item" in no.text


def test_only_places_that_send_are_offered(floor: Floor, network: Network, order_id: int):
    with db.transaction() as session:
        session.get_one(NodeTerms, network.vendor).does_ship = False
    sana = floor.tablet("Sana Khan", Role.STORE_LEAD)

    page = sana.get(f"/routing/{order_id}").text
    no = sana.post(f"/routing/{order_id}", data={"node": "V1", "reason": "nearer"}, headers=PLAIN)

    assert 'value="DC1"' in page
    assert 'value="V1"' not in page
    assert "Dairy direct can&#39;t send it: its terms say that it does not." in no.text


def test_a_way_nobody_knows_the_length_of_is_not_called_nought(floor: Floor, network: Network):
    with db.transaction() as session:
        depot = session.get_one(NodeTerms, network.depot)
        depot.latitude = depot.longitude = None
        order_id = network.place(session, LineRequest(sku="MILK", quantity=2, unit_price_minor=150)).id

    page = floor.tablet().get(f"/routing/{order_id}").text

    assert "36\xa0km" in page
    assert ">0\xa0km" not in page


def test_the_rail_and_the_undo_slot_are_there_as_on_every_page(floor: Floor, network: Network, order_id: int):
    with db.transaction() as session:
        lines = LineRequest(sku="MILK", quantity=5000, unit_price_minor=150)
        other = {"store_code": "014", "ship_to": None, "promised_at": floor.shop.opened_at, "external_id": "A-2"}
        network.place(session, lines, **other)

    page = floor.tablet().get(f"/routing/{order_id}").text

    assert 'id="problems-n">1</span>' in page
    assert 'data-of="routing"' in page


def test_an_associate_reads_and_decides_nothing(floor: Floor, order_id: int):
    maya = floor.tablet()

    no = maya.post(f"/routing/{order_id}", data={"node": "V1", "reason": "nearer"}, headers=PLAIN)

    assert no.status_code == 403


def test_an_order_of_other_places_is_not_there(floor: Floor, network: Network):
    with db.transaction() as session:
        session.get_one(NodeTerms, floor.shop.node_id).does_ship = False
        order_id = network.place(session, LineRequest(sku="MILK", quantity=2, unit_price_minor=150)).id

    assert floor.tablet().get(f"/routing/{order_id}").status_code == 404
    assert floor.tablet("Sana Khan", Role.STORE_LEAD).get("/routing/99").status_code == 404


def test_a_problem_nobody_has_stock_for_leads_to_the_places_that_have_it(floor: Floor, network: Network):
    with db.transaction() as session:
        network.stock(session, network.depot, milk=9000)
        lines = LineRequest(sku="MILK", quantity=5000, unit_price_minor=150)
        order_id = network.place(session, lines, store_code="014", ship_to=None, promised_at=floor.shop.opened_at).id
    sana = floor.tablet("Sana Khan", Role.STORE_LEAD)
    assert f'href="/routing/{order_id}"' in sana.get("/exceptions").text

    form = {"node": "DC1", "reason": "they have it"}
    assert sana.post(f"/routing/{order_id}", data=form, headers=PLAIN).status_code == 303

    assert "Is brought to the customer’s store" in sana.get(f"/routing/{order_id}").text
    assert f'href="/routing/{order_id}"' not in sana.get("/exceptions").text
