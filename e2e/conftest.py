"""A running Riverside, a browser, and tablets in it."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect, sync_playwright

from e2e import chromium, eyes
from e2e.shop import PIN, Riverside, open_riverside

LANDSCAPE: ViewportSize = {"width": 1280, "height": 800}
PHONE: ViewportSize = {"width": 390, "height": 844}

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
        yield shop


@pytest.fixture
def opened(browser: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """A browser of its own for each: a tablet, a phone. Whatever its pages complain of fails the story."""
    contexts: list[BrowserContext] = []
    heard: list[list[str]] = []

    def open_one(**look: Any) -> BrowserContext:
        context = browser.new_context(**({"reduced_motion": "reduce", "viewport": LANDSCAPE} | look))
        context.set_default_timeout(10_000)
        context.on("page", lambda page: heard.append(eyes.listen(page)))
        contexts.append(context)
        return context

    yield open_one
    for context in contexts:
        context.close()
    assert [words for page in heard for words in page] == []


@pytest.fixture
def tablet(opened: Callable[..., BrowserContext], riverside: Riverside) -> Tablet:
    """`tablet("Maya R.")`: a tablet of its own with this person signed in; the PIN pad has stories of its own."""

    def take(person: str, place: str = "store_id", **look: Any) -> Page:
        context = opened(**look)
        page = context.new_page()
        ours = {"Origin": riverside.address}
        context.request.post(f"{riverside.address}/demo/devices", form={place: "1"}, headers=ours)
        who = str(riverside.person(person))
        context.request.post(f"{riverside.address}/sign-in", form={"associate": who, "pin": PIN}, headers=ours)
        page.goto(riverside.address)
        expect(page.get_by_role("button", name="lock or switch user")).to_contain_text(person)
        return page

    return take


@pytest.fixture
def phone(opened: Callable[..., BrowserContext]) -> Page:
    return opened(viewport=PHONE).new_page()


def enrol(page: Page, address: str, place: str = "store_id") -> None:
    page.goto(f"{address}/demo")
    page.locator(f"form:has(input[name={place}]) button").first.click()
    page.wait_for_url("**/sign-in")


def sign_in(page: Page, person: str, pin: str = PIN) -> None:
    page.get_by_text(person).first.click()
    for digit in pin:
        page.locator(f'[data-digit="{digit}"]').click()
    expect(page.get_by_role("heading", level=1)).not_to_have_text("Who’s this?")
