"""What hands do on a tablet: find a card, go to a page, scan."""

import re

from playwright.sync_api import Locator, Page, expect

BURST = """keys => keys.forEach(
  key => document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true, cancelable: true}))
)"""


def card(screen: Page, lane: str, task_id: int) -> Locator:
    return screen.locator(f"#{lane} #task-{task_id}")


def go(screen: Page, path: str = "/") -> None:
    screen.goto(re.sub(r"(http://[^/]+).*", r"\1", screen.url) + path)


def scan(screen: Page, code: str) -> None:
    """As a scanner does it: all keys in one burst and then Enter, however busy the machine of the story is."""
    screen.evaluate(BURST, [*code, "Enter"])


def accept(screen: Page, task_id: int) -> None:
    card(screen, "new", task_id).get_by_role("button", name="Accept").click()
    expect(card(screen, "pick", task_id)).to_be_visible()


def take_back(screen: Page, what: str) -> None:
    """The undo slot says what was done last; its button takes it back."""
    expect(screen.locator("#undo")).to_contain_text(what)
    screen.locator("#undo").get_by_role("button", name="Undo").click()
    expect(screen.locator("#undo")).not_to_contain_text(what)
