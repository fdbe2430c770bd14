"""A unit nobody finds is counted, by scanner, by keyboard alone and in a browser without scripts."""

import re
from collections.abc import Callable

from playwright.sync_api import BrowserContext, Page, expect

from app import db
from app.oms import inventory
from e2e.conftest import LANDSCAPE, PHONE, Tablet
from e2e.eyes import inspect
from e2e.hands import accept, go, scan
from e2e.shop import PIN, Riverside

MUG, CREW = "5901234123457", "4006381333931"


def on_hand(item_id: int) -> int:
    with db.reading() as session:
        kept = inventory.balance_of(session, item_id=item_id, node_id=1)
        assert kept is not None
        return kept.on_hand


def test_what_nobody_found_is_counted_and_goes_back_to_its_order(tablet: Tablet, riverside: Riverside):
    page = tablet("Maya R.")
    task_id = riverside.order(("MUG", 2))
    accept(page, task_id)
    go(page, f"/pick-walk?task={task_id}")
    page.get_by_role("button", name="Can’t find it").click()
    page.get_by_role("button", name="Not found").click()
    expect(page.get_by_role("heading", name="Nothing to pick")).to_be_visible()

    page.get_by_role("button", name="More", exact=True).click()
    page.get_by_role("link", name="Counts").click()
    expect(page.get_by_role("main")).to_contain_text("Somebody could not find it")
    inspect(page, "counts")
    page.get_by_role("link", name="Count Stoneware mug").click()

    scan(page, CREW)
    expect(page.get_by_role("alert")).to_contain_text("You are counting Stoneware mug")
    scan(page, MUG)
    scan(page, MUG)
    expect(page.get_by_role("main")).to_contain_text("2 counted")
    page.get_by_role("button", name="Take the last one back").click()
    expect(page.get_by_role("main")).to_contain_text("1 counted")
    inspect(page, "count")
    page.set_viewport_size(PHONE)
    inspect(page, "count-phone")
    page.set_viewport_size(LANDSCAPE)
    _type_amount(page, "18")
    page.get_by_role("button", name="That is all: 19").click()

    expect(page.get_by_role("status").first).to_contain_text("1 fewer than the books said")
    inspect(page, "count-over")
    assert on_hand(1) == 19
    go(page, f"/pickup-tasks/{task_id}")
    expect(page.get_by_role("main")).to_contain_text("Maya R. found Stoneware mug after all")


def test_a_count_by_keyboard_alone(tablet: Tablet, riverside: Riverside):
    page = tablet("Jonas T.")
    go(page, "/counts")

    page.get_by_label("Scan it, or type its number").focus()
    page.keyboard.insert_text(MUG)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Stoneware mug, Speckle")).to_be_visible()
    page.get_by_label("Last 4 digits").focus()
    page.keyboard.insert_text(MUG[-4:])
    page.keyboard.press("Tab")
    page.keyboard.insert_text("20")
    page.keyboard.press("Enter")
    done = page.get_by_role("button", name="That is all: 20")
    expect(done).to_be_visible()
    done.focus()
    page.keyboard.press("Enter")

    expect(page.get_by_role("status").first).to_contain_text("The books were right")
    assert on_hand(1) == 20


def test_a_large_difference_is_seen_by_two_people_without_any_scripts(
    opened: Callable[..., BrowserContext], riverside: Riverside
):
    maya, jonas = (_signed_in(opened, riverside, name) for name in ("Maya R.", "Jonas T."))
    go(maya, "/counts")
    maya.get_by_label("Scan it, or type its number").fill(MUG)
    maya.get_by_role("button", name="Count it").click()

    maya.get_by_role("button", name="There are none").click()
    expect(maya.get_by_role("main")).to_contain_text("counted again by a colleague")
    go(jonas, "/counts")
    jonas.get_by_role("link", name="Count Stoneware mug").click()
    _type_amount(jonas, "9")
    jonas.get_by_role("button", name="That is all: 9").click()

    expect(jonas.get_by_role("status").first).to_contain_text("11 fewer than the books said")
    assert on_hand(1) == 9


def _type_amount(page: Page, amount: str) -> None:
    page.get_by_label("Last 4 digits").fill(MUG[-4:])
    page.get_by_label("How many").fill(amount)
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_role("main")).to_contain_text(re.compile(r"\d counted"))


def _signed_in(opened: Callable[..., BrowserContext], riverside: Riverside, name: str) -> Page:
    page = opened(java_script_enabled=False).new_page()
    page.goto(f"{riverside.address}/demo")
    page.get_by_role("button", name="Riverside").click()
    page.get_by_text(name).click()
    page.get_by_label("enter your PIN").fill(PIN)
    page.get_by_role("button", name="Sign in").click()
    return page
