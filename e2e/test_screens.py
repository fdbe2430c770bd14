"""Every screen as people meet it in the middle of a day: readable, tappable and quiet, in light and dark."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect
from sqlmodel import select

from app import db
from app.people import device as devices
from app.pickup import pickup_link
from app.pickup.task import PickupTask
from app.pickup.task_status import TaskStatus
from e2e.conftest import LANDSCAPE, PHONE, enrol, sign_in
from e2e.eyes import inspect, listen, sideways
from e2e.shop import Riverside, open_riverside
from seed import demo
from seed.demo_people import PEOPLE

AFTERNOON = datetime(2026, 11, 23, 14, 32, tzinfo=UTC)
EIGHT_INCH: ViewportSize = {"width": 600, "height": 960}
TEN_INCH: ViewportSize = {"width": 800, "height": 1280}
NARROW: ViewportSize = {"width": 320, "height": 640}
PINS = {person.name: person.pin for person in PEOPLE}

Address = str | Callable[[Riverside], str]
Looks = Callable[[str], Page]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Riverside]:
    with open_riverside(tmp_path_factory.mktemp("demo"), demo.build, AFTERNOON) as it:
        it.clock.forward(seconds=0)
        yield it


@pytest.fixture(scope="module")
def looks(browser: Browser, shop: Riverside) -> Iterator[Looks]:
    """`looks("Maya Rossi")`: the page of the tablet or desk she holds; `looks("")`: of somebody we don't know."""
    contexts: dict[str, BrowserContext] = {}

    def page_of(person: str) -> Page:
        if person not in contexts:
            contexts[person] = browser.new_context(reduced_motion="reduce", viewport=LANDSCAPE)
            contexts[person].set_default_timeout(10_000)
            page = contexts[person].new_page()
            if person != NOBODY:
                enrol(page, shop.address, "region_id" if person == "Dana Whitlock" else "store_id")
                sign_in(page, person.split(maxsplit=1)[0], PINS[person])
            return page
        return contexts[person].pages[0]

    yield page_of
    for context in contexts.values():
        context.close()


def task_that_is(status: TaskStatus, *, short: bool = False, is_ship: bool = False) -> int:
    with db.reading() as session:
        found = session.exec(select(PickupTask).where(PickupTask.store_id == 1, PickupTask.status == status)).all()
        return next(task.id for task in found if (bool(task.units("short")), task.is_ship) == (short, is_ship))


def order_that_is(status: TaskStatus) -> Callable[[Riverside], str]:
    return lambda shop: f"/pickup-tasks/{task_that_is(status)}"


def parcel_that_is(status: TaskStatus, noun: str = "") -> Callable[[Riverside], str]:
    return lambda shop: f"/pickup-tasks/{task_that_is(status, is_ship=True)}{noun}"


def customer_whose_order_is(status: TaskStatus, *, is_ship: bool = False) -> Callable[[Riverside], str]:
    def address(shop: Riverside) -> str:
        with db.reading() as session:
            task = session.get_one(PickupTask, task_that_is(status, is_ship=is_ship))
            link = pickup_link.link_for(session, task.order_id)
            return f"/p/{pickup_link.token(link, shop.settings.secret_key)}"

    return address


def invitation(shop: Riverside) -> str:
    with db.transaction() as session:
        return f"/enrol/{devices.invite(session, name='Tablet 7', at=shop.clock.at, store_id=1)}"


def scan_sheet(page: Page) -> None:
    page.get_by_role("button", name="Scan", exact=True).click()


def more_sheet(page: Page) -> None:
    page.get_by_role("button", name="More", exact=True).click()


def missing_sheet(page: Page) -> None:
    page.get_by_role("button", name="Can’t find it").click()


def wrong_shelf(page: Page) -> None:
    page.get_by_label("Scan the shelf").fill("S-99")
    page.get_by_role("button", name="Stage").click()
    expect(page.get_by_role("alert")).to_contain_text("S-99 is not a pickup shelf")


def accept_one(page: Page) -> None:
    page.locator("#new .task").first.get_by_role("button").click()
    expect(page.locator("#undo")).to_contain_text("accepted")


def wrong_pin(page: Page) -> None:
    page.get_by_label("enter your PIN").press_sequentially("000000")
    expect(page.get_by_role("alert")).to_contain_text("PIN isn't right")


def just_look(page: Page) -> None:
    """As it comes."""


MAYA, SANA, DANA, NOBODY = "Maya Rossi", "Sana Khan", "Dana Whitlock", ""
SCREENS: list[tuple[str, str, Address, Callable[[Page], None]]] = [
    ("board", MAYA, "/", just_look),
    ("board-scan", MAYA, "/", scan_sheet),
    ("board-more", MAYA, "/", more_sheet),
    ("pick-walk", MAYA, "/pick-walk", just_look),
    ("pick-walk-missing", MAYA, "/pick-walk", missing_sheet),
    ("order-new", MAYA, order_that_is(TaskStatus.REQUESTED), just_look),
    ("order-picking", MAYA, order_that_is(TaskStatus.PICKING), just_look),
    ("order-refused", MAYA, order_that_is(TaskStatus.PICKED), wrong_shelf),
    ("order-here", SANA, order_that_is(TaskStatus.ARRIVED), just_look),
    ("order-collected", SANA, order_that_is(TaskStatus.COLLECTED), just_look),
    ("parcel-new", MAYA, parcel_that_is(TaskStatus.REQUESTED), just_look),
    ("parcel-picked", MAYA, parcel_that_is(TaskStatus.PICKED), just_look),
    ("parcel-packed", MAYA, parcel_that_is(TaskStatus.PACKED), just_look),
    ("parcel-shipped", MAYA, parcel_that_is(TaskStatus.SHIPPED), just_look),
    ("slip", MAYA, parcel_that_is(TaskStatus.PACKED, "/label-slip"), just_look),
    ("problems", MAYA, "/exceptions", just_look),
    ("problem", MAYA, "/exceptions?case=1", just_look),
    ("counts-list", MAYA, "/counts", just_look),
    ("deliveries-list", MAYA, "/transfers", just_look),
    ("region", DANA, "/region", just_look),
    ("not-found", MAYA, "/pickup-tasks/999999", just_look),
    ("nowhere", MAYA, "/no-such-page", just_look),
    ("lock", MAYA, "/sign-in", just_look),
    ("lock-wrong-pin", MAYA, "/sign-in", wrong_pin),
    ("demo", NOBODY, "/demo", just_look),
    ("demo-mail", NOBODY, "/demo/mail", just_look),
    ("unenrolled", NOBODY, "/sign-in", just_look),
    ("enrolment", NOBODY, invitation, just_look),
    ("board-undo", MAYA, "/", accept_one),
    ("my-actions", MAYA, "/my-actions", just_look),
]
CUSTOMERS: list[tuple[str, Address]] = [
    ("customer-ordered", customer_whose_order_is(TaskStatus.REQUESTED)),
    ("customer-picking", customer_whose_order_is(TaskStatus.PICKING)),
    ("customer-ready", customer_whose_order_is(TaskStatus.STAGED)),
    ("customer-here", customer_whose_order_is(TaskStatus.ARRIVED)),
    ("customer-collected", customer_whose_order_is(TaskStatus.COLLECTED)),
    ("customer-sent-ordered", customer_whose_order_is(TaskStatus.REQUESTED, is_ship=True)),
    ("customer-sent-packed", customer_whose_order_is(TaskStatus.PACKED, is_ship=True)),
    ("customer-sent", customer_whose_order_is(TaskStatus.SHIPPED, is_ship=True)),
    ("customer-unknown", "/p/1-nobody"),
]


@pytest.mark.parametrize(("name", "person", "address", "act"), SCREENS, ids=[name for name, *_ in SCREENS])
def test_a_screen_of_the_shop(
    looks: Looks, shop: Riverside, name: str, person: str, address: Address, act: Callable[[Page], None]
):
    page = looks(person)
    heard = listen(page)

    page.set_viewport_size(LANDSCAPE)
    page.goto(shop.address + (address if isinstance(address, str) else address(shop)))
    act(page)

    inspect(page, name)
    page.set_viewport_size(EIGHT_INCH)
    inspect(page, f"{name}-portrait")
    page.set_viewport_size(NARROW)
    assert sideways(page) == 0
    assert heard == []


def test_the_board_on_a_ten_inch_tablet_held_upright(looks: Looks, shop: Riverside):
    page = looks(MAYA)

    page.set_viewport_size(TEN_INCH)
    page.goto(shop.address)

    inspect(page, "board-ten-inch")


@pytest.mark.parametrize(("name", "address"), CUSTOMERS, ids=[name for name, _ in CUSTOMERS])
def test_a_customers_page_on_a_phone_and_magnified_to_four_times_its_size(
    looks: Looks, shop: Riverside, name: str, address: Address
):
    page = looks(NOBODY)
    heard = listen(page)

    page.set_viewport_size(PHONE)
    page.goto(shop.address + (address if isinstance(address, str) else address(shop)))

    inspect(page, name)
    page.set_viewport_size(NARROW)
    inspect(page, f"{name}-narrow")
    assert heard == []
