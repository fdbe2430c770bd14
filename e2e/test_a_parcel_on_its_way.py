"""An order that is shipped: picked and packed, its slip printed, handed to the carrier, followed at home."""

from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect
from sqlmodel import Session

from app import db
from app.oms import placing
from app.oms.address import Address
from app.oms.node_terms import NodeTerms
from app.oms.payment import PaymentState
from app.oms.placing import LineRequest, OrderRequest
from app.pickup import task as tasks
from app.pickup.task_status import TaskStatus
from e2e.conftest import LANDSCAPE, PHONE, Tablet
from e2e.eyes import inspect
from e2e.hands import accept, card, go, scan, take_back
from e2e.shop import Riverside
from seed import colleagues

MUG, CREW = "5901234123457", "4006381333931"
TO = Address(name="Priya Nair", street="7 Skeldergate", city="York", postal_code="YO1 6DS", country="GB")


@pytest.fixture
def task_id(riverside: Riverside) -> int:
    """Riverside sends, too, and somebody in York ordered two mugs and a jumper."""
    at = riverside.clock.at
    lines = (LineRequest(sku="MUG", quantity=2, unit_price_minor=900),
             LineRequest(sku="CREW", quantity=1, unit_price_minor=4900))  # fmt: skip
    request = OrderRequest(
        channel="web", external_id="P-1", store_code=None, ship_to=TO, placed_at=at,
        promised_at=at + timedelta(days=2), customer_name="Priya Nair", email="priya@example.com", phone=None,
        language="en", payment_state=PaymentState.AUTHORISED, amount_minor=6700, currency="GBP", lines=lines,
    )  # fmt: skip
    with db.transaction() as session:
        session.add(NodeTerms(node_id=1, does_ship=True))
        session.flush()
        return _task_of(session, placing.place(session, request, actor="api/web", at=at).id)


def _task_of(session: Session, order_id: int) -> int:
    session.flush()
    return tasks.all_of(session, order_id)[0].id


def test_a_parcel_goes_from_the_board_to_the_carrier_and_is_followed_at_home(
    tablet: Tablet, phone: Page, riverside: Riverside, task_id: int
):
    screen = tablet("Maya R.")
    expect(card(screen, "new", task_id)).to_contain_text("Ship")
    expect(card(screen, "new", task_id)).to_contain_text("send by 14:00")
    accept(screen, task_id)
    go(screen, f"/pick-walk?task={task_id}")
    for code in (MUG, MUG, CREW):
        scan(screen, code)
    screen.get_by_role("link", name="Pack order 1001").click()
    inspect(screen, "order-to-pack")

    scan(screen, MUG)
    expect(screen.get_by_role("main")).to_contain_text("1 of 3 in the parcel")
    screen.get_by_label("Parcels").fill("2")
    screen.get_by_role("button", name="Pack the rest").click()
    expect(screen.get_by_role("heading", name="Hand to the carrier")).to_be_visible()
    inspect(screen, "order-packed")
    screen.set_viewport_size(PHONE)
    inspect(screen, "order-packed-phone")
    screen.set_viewport_size(LANDSCAPE)

    with screen.context.expect_page() as opened:
        screen.get_by_role("link", name="Print 2 slips").click()
    expect(opened.value.get_by_text("YO1 6DS York").first).to_be_visible()
    inspect(opened.value, "slips")
    opened.value.close()

    screen.get_by_label("Carrier").first.fill("DPD")
    scan(screen, f"PCL-{task_id}-1")
    expect(screen.get_by_role("alert")).to_contain_text("That's our own slip")
    scan(screen, "15502938475660")
    expect(screen.get_by_role("heading", name="With the carrier")).to_be_visible()

    phone.goto(riverside.customers_page(1))
    expect(phone.get_by_role("status")).to_contain_text("Priya, it’s on its way")
    expect(phone.get_by_role("main")).to_contain_text("15502938475660")
    inspect(phone, "customer-shipped")


def test_a_parcel_that_has_not_left_after_all_is_taken_back_and_nobody_hears_of_it(
    tablet: Tablet, phone: Page, riverside: Riverside, task_id: int
):
    _packed(task_id, riverside)
    screen = tablet("Maya R.")
    card(screen, "give", task_id).get_by_role("link", name="Carrier").click()
    screen.get_by_label("Carrier").first.fill("DPD")
    scan(screen, "15502938475660")
    expect(screen.get_by_role("heading", name="With the carrier")).to_be_visible()

    take_back(screen, "1001 given to DPD")

    expect(screen.get_by_role("heading", name="Hand to the carrier")).to_be_visible()
    riverside.clock.forward(seconds=31)
    go(screen)
    expect(card(screen, "give", task_id)).to_contain_text("1 parcel")
    phone.goto(riverside.customers_page(1))
    expect(phone.get_by_role("status")).to_contain_text("Priya, it’s packed")


def test_packing_and_sending_need_no_mouse(tablet: Tablet, riverside: Riverside, task_id: int):
    _picked(task_id, riverside)
    screen = tablet("Jonas T.")
    go(screen, f"/pickup-tasks/{task_id}")

    screen.get_by_role("button", name="Pack all 3").focus()
    screen.keyboard.press("Enter")
    expect(screen.get_by_role("heading", name="Hand to the carrier")).to_be_visible()
    screen.get_by_label("Carrier").first.focus()
    screen.keyboard.insert_text("DPD")
    screen.keyboard.press("Tab")
    screen.keyboard.insert_text("15502938475660")
    screen.keyboard.press("Enter")

    expect(screen.get_by_role("heading", name="With the carrier")).to_be_visible()


def _picked(task_id: int, riverside: Riverside) -> None:
    with db.transaction() as session:
        colleagues.accept(session, task_id, 1, riverside.clock.at)
        for _ in range(3):
            colleagues.pick_one(session, task_id, 1, riverside.clock.at)


def _packed(task_id: int, riverside: Riverside) -> None:
    _picked(task_id, riverside)
    with db.transaction() as session:
        colleagues.pack(session, task_id, 1, riverside.clock.at)
        assert tasks.locked(session, task_id).status == TaskStatus.PACKED
