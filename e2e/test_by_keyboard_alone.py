"""An order goes from the web to its customer, and nobody touches a mouse or a screen."""

import re

from playwright.sync_api import Locator, Page, expect

from e2e.conftest import Tablet
from e2e.hands import card
from e2e.shop import PIN, Riverside

MOST_TABS = 60

# A ring of its own or, on a card, around the whole card.
IS_SEEN = """() => {
  const here = document.activeElement
  const rings = [[here], [here, '::after'], [here.closest('label') ?? here]].map(each => getComputedStyle(...each))
  const isRing = ring => ring.outlineStyle !== 'none' && parseFloat(ring.outlineWidth) >= 2
  return here !== document.body && rings.some(isRing)
}"""


def test_from_the_lock_screen_to_the_hand_off(tablet: Tablet, riverside: Riverside):
    page = tablet("Jonas T.")
    _lock_and_sign_in(page)
    task_id = riverside.order(("MUG", 2))
    expect(card(page, "new", task_id)).to_be_visible()

    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the page")).to_be_in_viewport()
    page.keyboard.press("Enter")
    _press(page, card(page, "new", task_id).get_by_role("button", name="Accept"))
    expect(card(page, "pick", task_id)).to_be_visible()
    assert page.evaluate(IS_SEEN), "the focus was lost with the card"

    _press(page, card(page, "pick", task_id).get_by_role("link", name="Start pick"))
    _type(page, page.get_by_role("textbox", name="Barcode"), "5901234123457")
    expect(page.get_by_role("img", name="1 of 2 picked")).to_be_visible()
    _type(page, page.get_by_role("textbox", name="Barcode"), "5901234123457")
    stage_it = page.get_by_role("link", name="Stage order")
    expect(stage_it).to_be_visible()
    _press(page, stage_it)

    _type(page, page.get_by_label("Scan the shelf"), "S-06")
    code = page.get_by_label("Scan the customer’s code")
    expect(code).to_be_visible()
    _type(page, code, riverside.code_of(task_id))
    expect(page.get_by_role("main")).to_contain_text("handed it over, code checked")


def _lock_and_sign_in(page: Page) -> None:
    """From the PIN back to the people, with the arrows to Maya, and the field takes the focus again."""
    _press(page, page.get_by_role("button", name="lock or switch user"))
    expect(page.get_by_label("enter your PIN")).to_be_focused()
    _tab_to(page, page.get_by_role("radio", name="Jonas T."), back=True)
    page.keyboard.press("ArrowDown")
    expect(page.get_by_text("Maya, enter your PIN")).to_be_visible()
    expect(page.get_by_label("enter your PIN")).to_be_focused()
    page.keyboard.type(PIN)
    expect(page.get_by_role("button", name=re.compile("Maya R.*, lock or switch user"))).to_be_visible()


def _tab_to(page: Page, wanted: Locator, *, back: bool = False) -> None:
    """Step by step, and at each step it can be seen where the focus is."""
    for _ in range(MOST_TABS):
        if wanted.evaluate("each => each === document.activeElement"):
            return
        page.keyboard.press("Shift+Tab" if back else "Tab")
        assert page.evaluate(IS_SEEN), page.evaluate("document.activeElement.outerHTML")
    raise AssertionError(f"no Tab leads to {wanted}")


def _press(page: Page, wanted: Locator) -> None:
    _tab_to(page, wanted)
    page.keyboard.press("Enter")


def _type(page: Page, field: Locator, words: str) -> None:
    _tab_to(page, field)
    page.keyboard.insert_text(words)
    page.keyboard.press("Enter")
