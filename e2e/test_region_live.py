"""A manager's desk follows its stores by itself, without asking too often and without disturbing the manager."""

from playwright.sync_api import Page, Request, expect

from e2e.conftest import Tablet
from e2e.shop import Riverside


def test_the_desk_shows_what_its_stores_do_without_a_reload(tablet: Tablet, riverside: Riverside):
    dana = tablet("Dana W.", place="region_id")
    expect(dana.locator("#link")).to_have_text("Live")
    expect(dana.locator("#sentence")).to_have_text("Nothing needs a decision.")

    for _ in range(2):
        riverside.order(("MUG", 1))
    riverside.clock.forward(minutes=5)
    riverside.clock.forward(minutes=10)

    expect(dana.get_by_role("row", name="Riverside")).to_have_count(2)
    expect(dana.locator("#sentence")).to_have_text("2 orders need a decision, 2 without an owner.")
    expect(dana.locator("#decisions-n")).to_have_text("2")


def test_many_changes_ask_for_the_desk_once(tablet: Tablet, riverside: Riverside):
    dana = tablet("Dana W.", place="region_id")
    expect(dana.locator("#link")).to_have_text("Live")
    asked: list[str] = []
    dana.on("request", lambda request: asked.append(request.url) if _is_for_the_desk(request) else None)
    first = dana.locator("#desk").get_attribute("data-version")

    for _ in range(6):
        riverside.order(("MUG", 1))
    expect(dana.locator("#desk")).not_to_have_attribute("data-version", first or "")

    expect(dana.locator("#sentence")).to_have_text("Nothing needs a decision.")
    assert len(asked) <= 2


def test_a_refresh_keeps_the_focus_the_place_and_what_was_typed(tablet: Tablet, riverside: Riverside):
    dana = tablet("Dana W.", place="region_id", viewport={"width": 1280, "height": 500})
    expect(dana.locator("#link")).to_have_text("Live")
    week = dana.get_by_role("link", name="7 days")
    week.focus()
    dana.evaluate("document.scrollingElement.scrollTop = 120")
    before = _place(dana)

    riverside.order(("MUG", 1))
    riverside.clock.forward(minutes=5)
    riverside.clock.forward(minutes=10)
    expect(dana.get_by_role("row", name="Riverside")).to_have_count(1)

    expect(week).to_be_focused()
    assert _place(dana) == before


def _place(screen: Page) -> float:
    return float(screen.evaluate("document.scrollingElement.scrollTop"))


def _is_for_the_desk(request: Request) -> bool:
    return "/region/desk" in request.url
