"""A delivery is taken in by scanner and by keyboard alone, and an order that waited for it goes to its shelf."""

from datetime import timedelta

import pytest
from playwright.sync_api import Locator, Page, expect
from sqlmodel import select

from app import db
from app.oms import inventory, transfer_moves, transfer_request
from app.oms import order as orders
from app.oms.inventory import Cause, Change, Reason
from app.oms.node import Node, NodeKind
from app.oms.transfer_request import Wanted
from app.pickup.task import PickupTask
from e2e.conftest import LANDSCAPE, PHONE, Tablet
from e2e.eyes import inspect
from e2e.hands import card, go, scan
from e2e.shop import Riverside

MUG, CREW = "5901234123457", "4006381333931"
MUG_ID, CREW_ID, RIVERSIDE = 1, 2, 1


@pytest.fixture
def depot(riverside: Riverside) -> int:
    at = riverside.clock.at
    with db.transaction() as session:
        node = Node(kind=NodeKind.DC, code="DC1", name="North depot")
        session.add(node)
        session.flush()
        opened = Cause(reason=Reason.OPENING, document="opening", actor="seed", occurred_at=at, recorded_at=at)
        stock = [Change(item_id=item_id, node_id=node.id, on_hand=50) for item_id in (MUG_ID, CREW_ID)]
        inventory.record(session, stock, opened)
        return node.id


def sent(riverside: Riverside, depot: int, *, order_id: int | None = None, **units: int) -> int:
    """On its way to Riverside; the transfer's id."""
    at = riverside.clock.at
    quantities = {{"mug": MUG_ID, "crew": CREW_ID}[name]: quantity for name, quantity in units.items()}
    wanted = Wanted(from_id=depot, to_id=RIVERSIDE, quantities=quantities, expected_at=at + timedelta(hours=1))
    with db.transaction() as session:
        if order_id is None:
            going = transfer_request.request(session, wanted, actor="api/1", at=at)
        else:
            order = orders.locked(session, order_id)
            going = transfer_request.request_for(session, order, wanted, actor="api/1", at=at)
        transfer_moves.ship(session, going, actor="api/1", at=at)
        return going.id


def test_a_box_is_scanned_in_and_what_is_missing_is_said(tablet: Tablet, riverside: Riverside, depot: int):
    page = tablet("Maya R.")
    going = sent(riverside, depot, mug=2, crew=1)
    page.get_by_role("button", name="More", exact=True).click()
    page.get_by_role("link", name="Deliveries").click()
    inspect(page, "deliveries")
    page.get_by_role("link", name=f"Take in transfer {going}").click()

    scan(page, "9506000134352")
    expect(page.get_by_role("alert")).to_contain_text("It is not on this delivery")
    for _ in range(3):
        scan(page, MUG)
    expect(page.get_by_role("main")).to_contain_text("3 of 2")
    page.get_by_role("button", name="Take one back").click()
    expect(page.get_by_role("main")).to_contain_text("2 of 2")
    inspect(page, "delivery")
    page.set_viewport_size(PHONE)
    inspect(page, "delivery-phone")
    page.set_viewport_size(LANDSCAPE)
    page.get_by_role("button", name="That is all that came").click()

    expect(page.get_by_role("status").first).to_contain_text("Not as sent: Merino crew 0 of 1.")
    with db.reading() as session:
        kept = inventory.balance_of(session, item_id=MUG_ID, node_id=RIVERSIDE)
        assert kept is not None
        assert (kept.on_hand, kept.in_transit) == (22, 0)


def test_what_came_for_a_customer_goes_to_its_shelf_by_keyboard_alone(tablet: Tablet, riverside: Riverside, depot: int):
    order_id = riverside.order(("MUG", 30))
    going = sent(riverside, depot, order_id=order_id, mug=30)
    page = tablet("Jonas T.")
    go(page, "/transfers")
    expect(page.get_by_role("main")).to_contain_text("For order 1001")
    _press(page, page.get_by_role("link", name=f"Take in transfer {going}"))

    page.get_by_label("Last 4 digits").focus()
    page.keyboard.insert_text(MUG[-4:])
    page.keyboard.press("Tab")
    page.keyboard.insert_text("30")
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_contain_text("30 of 30")
    _press(page, page.get_by_role("button", name="That is all that came"))
    expect(page.get_by_role("status").first).to_contain_text("All of it came.")

    with db.reading() as session:
        task_id = session.exec(select(PickupTask.id).where(PickupTask.order_id == order_id)).one()
    go(page)
    _press(page, card(page, "stage", task_id).get_by_role("link", name="Scan shelf"))
    page.get_by_label("Scan the shelf").focus()
    page.keyboard.insert_text("S-06")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Scan the customer’s code")).to_be_visible()


def _press(page: Page, wanted: Locator) -> None:
    wanted.focus()
    page.keyboard.press("Enter")
