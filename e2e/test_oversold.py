"""The till sells what a customer was promised: the store hears at once, and counts before it worries the customer."""

from playwright.sync_api import expect

from app import db
from app.oms import inventory
from app.oms.inventory import Cause, Change, Reason
from e2e.conftest import PHONE, Tablet
from e2e.eyes import inspect
from e2e.hands import card, go, scan
from e2e.shop import Riverside

MUG = "5901234123457"
MUG_ID = RIVERSIDE = 1


def sold_at_the_till(riverside: Riverside, quantity: int) -> None:
    at = riverside.clock.at
    sold = Cause(reason=Reason.SALE, document="till/1", actor="till", occurred_at=at, recorded_at=at)
    with db.transaction() as session:
        inventory.record(session, [Change(item_id=MUG_ID, node_id=RIVERSIDE, on_hand=-quantity)], sold)


def test_what_may_be_gone_is_counted_first(tablet: Tablet, riverside: Riverside):
    maya = tablet("Maya R.")
    task_id = riverside.order(("MUG", 2), ("CREW", 1))
    expect(card(maya, "new", task_id)).to_be_visible()

    sold_at_the_till(riverside, 19)

    expect(card(maya, "new", task_id)).to_contain_text("1 may be gone: count first")
    expect(maya.locator("#problems-n")).to_have_text("1")
    inspect(maya, "board-oversold")
    go(maya, f"/pickup-tasks/{task_id}")
    expect(maya.get_by_role("main")).to_contain_text("1 may be gone")
    inspect(maya, "order-oversold")
    go(maya, "/exceptions")
    expect(maya.get_by_role("main")).to_contain_text("More promised than there is: Stoneware mug")
    inspect(maya, "problem-oversold")
    maya.set_viewport_size(PHONE)
    inspect(maya, "problem-oversold-phone")
    maya.get_by_role("link", name="Count it first").click()
    expect(maya.get_by_role("main")).to_contain_text("0 counted")
    scan(maya, MUG)
    scan(maya, MUG)
    expect(maya.get_by_role("main")).to_contain_text("2 counted")
    maya.get_by_role("button", name="That is all: 2").click()

    expect(maya.get_by_role("status").first).to_contain_text("1 more than the books said")
    go(maya, "/exceptions")
    expect(maya.get_by_role("main")).to_contain_text("No problems")
    go(maya)
    expect(card(maya, "new", task_id)).not_to_contain_text("may be gone")


def test_what_comes_in_after_all_ends_the_problem_by_itself(tablet: Tablet, riverside: Riverside):
    maya = tablet("Maya R.")
    task_id = riverside.order(("MUG", 2))
    sold_at_the_till(riverside, 20)
    expect(card(maya, "new", task_id)).to_contain_text("2 may be gone: count first")

    sold_at_the_till(riverside, -12)

    expect(card(maya, "new", task_id)).not_to_contain_text("may be gone")
    expect(maya.locator("#problems-n")).to_have_text("")
