"""What eyes, fingers and screen readers would object to on a screen, in light and dark; and its pictures."""

from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import ConsoleMessage, Page

SHOTS = Path(__file__).parent / "shots"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
CLOSED_DOORS = (
    "Failed to load resource", "WebSocket connection to", "htmx: htmx:error: Failed to fetch", "htmx: htmx:ws:error",
)  # fmt: skip
"""What a browser writes down when it is told no, or nothing: that is the story, not a fault of the page."""

# A label stands for its box, a stretched link for its card, and a link in running text is as high as its line.
TOO_SMALL = """() => [...document.querySelectorAll('a[href], button, summary, select, textarea, input')]
  .filter(each => each.type !== 'hidden')
  .filter(each => each.checkVisibility({visibilityProperty: true}) && !each.closest('.skip, .vh'))
  .filter(each => !(each.matches('p a, dd a') && !each.className))
  .map(each => {
    const isStretched = getComputedStyle(each, '::after').position === 'absolute'
    const area = isStretched ? each.closest('.task') : each.matches('label input') ? each.closest('label') : each
    const {width, height} = area.getBoundingClientRect()
    return [Math.min(width, height), `${each.outerHTML.slice(0, 90)} is ${width.toFixed()} × ${height.toFixed()}`]
  })
  .filter(([least]) => least < 43.9).map(([, words]) => words)"""


def inspect(page: Page, name: str) -> None:
    """Light, then dark; the screen must stand still while it is looked at."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        shoot(page, f"{name}-{scheme}")
        found = Axe().run(page, options={"resultTypes": ["violations"], "runOnly": {"type": "tag", "values": RULES}})
        assert found.violations_count == 0, f"{name}, {scheme}\n{found.generate_report()}"
    assert page.evaluate(TOO_SMALL) == [], name
    assert sideways(page) == 0, f"{name} scrolls sideways"
    page.emulate_media(color_scheme="light", reduced_motion="reduce")


def sideways(page: Page) -> int:
    """How many pixels of the page lie out of sight to the right."""
    too_wide: int = page.evaluate("document.scrollingElement.scrollWidth - document.documentElement.clientWidth")
    return too_wide


def listen(page: Page) -> list[str]:
    """What the page complains of from now on: faults of its scripts, and whatever its policy forbids."""
    heard: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not message.text.startswith(CLOSED_DOORS):
            heard.append(f"{page.url}: {message.text}")

    page.on("console", hear)
    page.on("pageerror", lambda fault: heard.append(f"{page.url}: {fault}"))
    return heard


def shoot(page: Page, name: str) -> None:
    """A picture to lay beside the design's."""
    SHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SHOTS / f"{name}.png")
