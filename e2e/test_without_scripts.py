"""A browser that runs no scripts: plain forms lead the whole way, from signing in to the hand-off."""

import re
from collections.abc import Callable

from playwright.sync_api import BrowserContext, Page, expect

from e2e.hands import card, go
from e2e.shop import PIN, Riverside


def test_plain_forms_lead_from_the_order_to_the_hand_off(opened: Callable[..., BrowserContext], riverside: Riverside):
    page = opened(java_script_enabled=False).new_page()
    page.goto(f"{riverside.address}/demo")
    page.get_by_role("button", name="Riverside").click()
    page.get_by_text("Maya R.").click()
    page.get_by_label("enter your PIN").fill(PIN)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Riverside")

    task_id = riverside.order(("MUG", 1))
    go(page)
    card(page, "new", task_id).get_by_role("button", name="Accept").click()
    card(page, "pick", task_id).get_by_role("link", name="Start pick").click()
    page.get_by_role("textbox", name="Barcode").fill("5901234123457")
    page.get_by_role("button", name="Enter").click()
    page.get_by_role("link", name="Stage order").click()

    page.get_by_label("Scan the shelf").fill("S-99")
    page.get_by_role("button", name="Stage").click()
    expect(page.get_by_role("alert")).to_contain_text("S-99 is not a pickup shelf")
    go(page, f"/pickup-tasks/{task_id}")
    page.get_by_label("Scan the shelf").fill("S-06")
    page.get_by_role("button", name="Stage").click()
    expect(page.locator("#undo")).to_contain_text("staged on S-06")

    _hand_over(page, riverside.code_of(task_id))
    expect(page.get_by_role("main")).to_contain_text("handed it over, code checked")


def test_a_customer_without_scripts_says_i_am_here_and_takes_it_back(
    opened: Callable[..., BrowserContext], riverside: Riverside
):
    page = opened(java_script_enabled=False).new_page()
    page.goto(riverside.customers_page(riverside.staged(("MUG", 1))))

    page.get_by_role("button", name="I’m here").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("We know you’re here")
    page.get_by_role("button", name="Not here yet").click()

    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("it’s ready"))


def _hand_over(page: Page, code: str) -> None:
    page.get_by_label("Scan the customer’s code").fill(code)
    page.get_by_role("button", name="Hand off").click()
