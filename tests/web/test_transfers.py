from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlmodel import Session, select

from app import db
from app.clock import now
from app.events import log
from app.oms import inventory, placing, transfer, transfer_moves, transfer_request
from app.oms.inventory import Change, Reason
from app.oms.item import Item
from app.oms.node import Node, NodeKind
from app.oms.transfer_request import Wanted
from app.pickup.task import PickupTask
from tests.oms.shop import order_form, two_milk
from tests.web.shop_floor import BREAD, HTMX, MILK, PLAIN, Floor, open_floor

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def floor(database: db.Database, database_url: str) -> Iterator[Floor]:
    yield open_floor(database_url)
    log.react_with({})


@pytest.fixture
def depot(floor: Floor) -> int:
    with db.transaction() as session:
        node = Node(kind=NodeKind.DC, code="DC1", name="North depot")
        session.add(node)
        session.flush()
        stock = Change(item_id=floor.shop.milk, node_id=node.id, on_hand=50)
        inventory.record(session, [stock], floor.shop.cause(Reason.OPENING))
        return node.id


def coming(floor: Floor, depot: int, units: int) -> str:
    with db.transaction() as session:
        wanted = Wanted(from_id=depot, to_id=floor.store_id, quantities={floor.shop.milk: units})
        going = transfer_request.request(session, wanted, actor="api/1", at=now())
        transfer_moves.ship(session, going, actor="api/1", at=now())
        return f"/transfers/{going.id}"


def on_hand(item_id: int, node_id: int) -> int:
    with db.reading() as session:
        kept = inventory.balance_of(session, item_id=item_id, node_id=node_id)
        assert kept is not None
        return kept.on_hand


def test_a_delivery_is_taken_in_scan_by_scan(floor: Floor, depot: int):
    maya, here = floor.tablet(), coming(floor, depot, 3)
    assert "North depot DC1" in maya.get("/transfers").text

    for _ in range(3):
        maya.post(f"{here}/scans", data={"code": MILK}, headers=HTMX)
    assert "3 of 3" in maya.get(here).text
    done = maya.post(f"{here}/receipt", headers=HTMX)

    assert "All of it came." in done.text
    assert on_hand(floor.shop.milk, floor.store_id) == 503
    assert "Nothing is on its way here" in maya.get("/transfers").text


def test_what_one_tablet_took_in_is_there_on_the_next_and_what_is_missing_is_said(floor: Floor, depot: int):
    maya, jonas, here = floor.tablet(), floor.tablet(name="Jonas Tan"), coming(floor, depot, 3)
    typed = {"ending": MILK[-4:], "amount": "2"}
    maya.post(f"{here}/scans", data=typed, headers=HTMX)

    assert "2 of 3" in jonas.get(here).text
    done = jonas.post(f"{here}/receipt", headers=HTMX)

    assert "Not as sent: Milk 2 of 3." in done.text
    assert on_hand(floor.shop.milk, floor.store_id) == 502


def test_one_too_many_is_taken_back(floor: Floor, depot: int):
    maya, here = floor.tablet(), coming(floor, depot, 3)
    maya.post(f"{here}/scans", data={"code": MILK}, headers=HTMX)
    with db.reading() as session:
        line = session.exec(select(transfer.TransferLine.id)).one()

    assert "0 of 3" in maya.post(f"{here}/scans/undo", data={"line_id": line}, headers=HTMX).text


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"code": BREAD}, "It is not on this delivery"),
        ({"code": "nothing"}, "a code of ours"),
        ({"ending": "9999", "amount": "1"}, "name one thing of this delivery"),
        ({"ending": MILK[-4:], "amount": "0"}, "above nothing"),
        ({"ending": MILK[-4:], "amount": "1.5"}, "whole numbers"),
        ({"ending": MILK[-4:], "amount": "-1"}, "above nothing"),
    ],
)
def test_what_makes_no_sense_is_said_and_not_taken_in(floor: Floor, depot: int, said: dict[str, str], words: str):
    maya, here = floor.tablet(), coming(floor, depot, 3)

    no = maya.post(f"{here}/scans", data=said, headers=HTMX)

    assert (no.status_code in {409, 422}, words in no.text) == (True, True), no.text
    assert "0 of 3" in maya.get(here).text


def test_what_is_asked_for_from_here_is_sent_off(floor: Floor, depot: int):
    maya = floor.tablet()
    with db.transaction() as session:
        wanted = Wanted(from_id=floor.store_id, to_id=depot, quantities={floor.shop.milk: 4})
        going = transfer_request.request(session, wanted, actor="api/1", at=now()).id

    assert "To send" in maya.get("/transfers").text
    assert maya.post(f"/transfers/{going}/shipment", headers=PLAIN).status_code == 303

    assert on_hand(floor.shop.milk, floor.store_id) == 496
    assert maya.post(f"/transfers/{going}/receipt", headers=HTMX).status_code == 404


def test_an_order_that_waits_says_so_and_goes_from_the_box_to_its_shelf(floor: Floor, depot: int):
    maya = floor.tablet()
    with db.transaction() as session:
        _sell_all_milk(session, floor)
    task_id, here = _waiting_order(floor, depot)
    assert "on its way here" in maya.get(f"/pickup-tasks/{task_id}").text
    assert "For order 1001" in maya.get("/transfers").text

    for _ in range(2):
        maya.post(f"{here}/scans", data={"code": MILK}, headers=HTMX)
    maya.post(f"{here}/receipt", headers=HTMX)
    assert f'id="task-{task_id}"' in maya.get("/").text
    staged = maya.post(f"/pickup-tasks/{task_id}/staging", data={"code": "S-09"}, headers=HTMX)

    assert staged.status_code == 200
    assert floor.task(task_id).status == "staged"


def _sell_all_milk(session: Session, floor: Floor) -> None:
    inventory.record(session, [floor.shop.stock(floor.shop.milk, -500)], floor.shop.cause(Reason.SALE))


def _waiting_order(floor: Floor, depot: int) -> tuple[int, str]:
    with db.transaction() as session:
        form = order_form(floor.shop, two_milk(), placed_at=now(), promised_at=now() + timedelta(hours=2))
        order = placing.place(session, form, actor="channel/web", at=now())
        wanted = Wanted(from_id=depot, to_id=floor.store_id, quantities={floor.shop.milk: 2})
        going = transfer_request.request_for(session, order, wanted, actor="api/1", at=now())
        transfer_moves.ship(session, going, actor="api/1", at=now())
        session.flush()
        return session.exec(select(PickupTask.id)).one(), f"/transfers/{going.id}"


def test_without_scripts_a_delivery_goes_from_page_to_page(floor: Floor, depot: int):
    maya, here = floor.tablet(), coming(floor, depot, 1)

    assert maya.post(f"{here}/scans", data={"code": MILK}, headers=PLAIN).location == here
    no = maya.post(f"{here}/scans", data={"code": BREAD}, headers=PLAIN)
    assert (no.status_code, "It is not on this delivery" in no.text) == (409, True)
    assert maya.post(f"{here}/receipt", headers=PLAIN).status_code == 303


def test_what_is_weighed_is_typed(floor: Floor, depot: int):
    with db.transaction() as session:
        milk = session.exec(select(Item).where(Item.sku == "MILK")).one()
        milk.unit, milk.decimals = "kg", 3
    maya, here = floor.tablet(), coming(floor, depot, 40)

    assert maya.post(f"{here}/scans", data={"code": MILK}, headers=HTMX).status_code == 422
    typed = {"ending": MILK[-4:], "amount": "0.035"}
    assert "0.035 kg of 0.04 kg" in maya.post(f"{here}/scans", data=typed, headers=HTMX).text
