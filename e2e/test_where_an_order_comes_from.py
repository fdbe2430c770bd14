"""A parcel nobody at the store can fill goes elsewhere by itself, and a manager sends another one by hand."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from app import db
from app.oms import inventory, placing
from app.oms.address import Address
from app.oms.inventory import Cause, Change, Reason
from app.oms.node import Node, NodeKind
from app.oms.node_terms import NodeTerms
from app.oms.payment import PaymentState
from app.oms.placing import LineRequest, OrderRequest
from e2e.conftest import PHONE, Tablet
from e2e.eyes import inspect
from e2e.shop import Riverside

HOME = Address(name="Priya Nair", street="1 High Row", city="Leeds", postal_code="LS1 1AA", country="GB",
               latitude=53.8, longitude=-1.55)  # fmt: skip


@pytest.fixture
def depot(riverside: Riverside) -> None:
    """Riverside ships, and is cheap; a depot and a vendor have fifty mugs each."""
    at = riverside.clock.at
    opened = Cause(reason=Reason.OPENING, document="opening", actor="seed", occurred_at=at, recorded_at=at)
    with db.transaction() as session:
        session.add(NodeTerms(node_id=1, does_ship=True, latitude=53.96, longitude=-1.08))
        for code, kind, name, parcel in (("DC1", NodeKind.DC, "North depot", 300),
                                         ("V1", NodeKind.VENDOR, "Mugs direct", 900)):  # fmt: skip
            node = Node(kind=kind, code=code, name=name)
            session.add(node)
            session.flush()
            session.add(NodeTerms(node_id=node.id, does_pickup=False, does_ship=True, parcel_minor=parcel,
                                  latitude=53.8, longitude=-1.6))  # fmt: skip
            inventory.record(session, [Change(item_id=1, node_id=node.id, on_hand=50)], opened)


def parcel(riverside: Riverside, mugs: int) -> int:
    riverside.orders += 1
    at = riverside.clock.at
    request = OrderRequest(
        channel="web", external_id=f"P-{riverside.orders}", store_code=None, ship_to=HOME, placed_at=at,
        promised_at=at + timedelta(days=3), customer_name="Priya Nair", email="priya@example.com", phone=None,
        language="en", payment_state=PaymentState.AUTHORISED, amount_minor=1800, currency="GBP",
        lines=(LineRequest(sku="MUG", quantity=mugs, unit_price_minor=900),),
    )  # fmt: skip
    with db.transaction() as session:
        return placing.place(session, request, actor="api/web", at=at).id


@pytest.mark.usefixtures("depot")
def test_a_lead_sends_a_parcel_from_elsewhere(tablet: Tablet, riverside: Riverside):
    order_id = parcel(riverside, 2)
    sana = tablet("Sana K.")
    sana.goto(f"{riverside.address}/routing/{order_id}")
    expect(sana.locator("#sentence")).to_have_text("Goes out in parcels.")
    expect(sana.get_by_role("row", name="Riverside")).to_contain_text("Sends 2 × Stoneware mug")
    inspect(sana, "routing")

    sana.get_by_label("Mugs direct").check()
    sana.get_by_label("Why?").fill("The printer is broken")
    sana.get_by_role("button", name="Send it from there").click()

    expect(sana.get_by_role("row", name="Mugs direct")).to_contain_text("Sends 2 × Stoneware mug")
    expect(sana.get_by_role("listitem").filter(has_text="By hand")).to_contain_text("The printer is broken")


@pytest.mark.usefixtures("depot")
def test_a_manager_finds_the_orders_without_a_way(tablet: Tablet, riverside: Riverside):
    order_id = parcel(riverside, 200)
    dana = tablet("Dana W.", place="region_id", viewport=PHONE)
    dana.get_by_role("link", name="Routing").click()
    expect(dana.locator("#sentence")).to_have_text("1 without a way.")
    inspect(dana, "orders without a way")
    box = dana.get_by_role("link", name="Find a way").bounding_box()
    assert box is not None
    assert box["height"] < box["width"]

    dana.get_by_role("link", name="Find a way").click()

    expect(dana.locator("#sentence")).to_have_text("No place can send it.")
    expect(dana).to_have_url(f"{riverside.address}/routing/{order_id}")
    inspect(dana, "routing at a desk")
    edges = dana.locator("main .panel").evaluate_all("all => all.map(each => each.getBoundingClientRect().right)")
    assert edges
    assert max(edges) <= PHONE["width"]
