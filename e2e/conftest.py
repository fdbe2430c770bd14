"""A running Riverside, a browser, and tablets in it."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from app.notices.smtp import SmtpTransport
from e2e import chromium
from e2e.shop import PIN, Riverside, open_riverside
from jobs import schedule
from jobs.mail_sink import FOLDER, MailSink

SHOTS = Path(__file__).parent / "shots"
LANDSCAPE = {"width": 1280, "height": 800}
PORTRAIT = {"width": 600, "height": 960}

Tablet = Callable[..., Page]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    program = chromium.find()
    if program is None:
        pytest.skip("no Chromium on this machine")
    with sync_playwright() as playwright:
        args = ["--no-sandbox"] if os.geteuid() == 0 else []
        opened = playwright.chromium.launch(executable_path=program, args=args)
        yield opened
        opened.close()


@pytest.fixture
def riverside(tmp_path: Path) -> Iterator[Riverside]:
    with open_riverside(tmp_path) as shop:
        sink = MailSink(tmp_path / FOLDER)
        schedule.send_through(SmtpTransport(sink.start()), shop.settings)
        yield shop
        sink.stop()


@pytest.fixture
def tablet(browser: Browser, riverside: Riverside) -> Iterator[Tablet]:
    """`tablet("Maya R.")`: a tablet of its own, enrolled, with this person signed in."""
    opened = []

    def sign_in(person: str, place: str = "store_id", **look: Any) -> Page:
        context = browser.new_context(reduced_motion="reduce", viewport=look.pop("viewport", LANDSCAPE), **look)
        context.set_default_timeout(10_000)
        opened.append(context)
        page = context.new_page()
        page.goto(f"{riverside.address}/demo")
        page.locator(f"form:has(input[name={place}]) button").first.click()
        page.get_by_text(person).first.click()
        for digit in PIN:
            page.locator(f'[data-digit="{digit}"]').click()
        expect(page.get_by_role("heading", level=1)).not_to_have_text("Who’s this?")
        return page

    yield sign_in
    for context in opened:
        context.close()


def shoot(page: Page, name: str) -> None:
    """A picture to lay beside the design's."""
    SHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SHOTS / f"{name}.png")
