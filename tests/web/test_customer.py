import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import pytest
from flask.testing import FlaskClient
from sqlmodel import select

from app import clock, create_app, db
from app.config import Settings
from app.events import log
from app.oms.order import Order
from app.people.store import StoreHours
from app.pickup import pickup_link
from app.pickup import task as tasks
from app.pickup.task import PickupTask
from app.pickup.task_status import TaskStatus
from app.reactions import REACTIONS
from tests.notices.counter import Counter, open_counter
from tests.oms.shop import bread, open_shop, two_milk

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
OURS = {"Sec-Fetch-Site": "same-origin"}
SETTINGS = Settings(database_url="sqlite://", secret_key="k" * 32, public_url="http://localhost")


@dataclass
class Customer:
    """Priya with her phone, and the counter that has her order."""

    browser: FlaskClient
    counter: Counter
    order_id: int
    page: str
    code: str

    def sees(self, status: int = 200) -> str:
        reply = self.browser.get(self.page)
        assert reply.status_code == status
        return reply.get_data(as_text=True)

    def says(self, what: str, **form: str):
        return self.browser.post(f"{self.page}/{what}", data=form, headers=OURS)

    def store(self, act: str, at: datetime, *more: int) -> None:
        with db.transaction() as session:
            getattr(self.counter, act)(session, session.get_one(Order, self.order_id), *more, at=at)

    def task(self) -> PickupTask:
        with db.reading() as session:
            task = tasks.of_order(session, self.order_id)
            assert task is not None
            return task


@pytest.fixture
def priya(database: db.Database, nine: datetime) -> Iterator[Customer]:
    before = dict(log._reactions)
    log.react_with(REACTIONS)
    with db.transaction() as session:
        counter = open_counter(session, open_shop(session, nine, milk=100, bread=100))
        order = counter.place(session, two_milk(), bread(1), at=nine)
        session.flush()
        link = pickup_link.link_for(session, order.id)
        page = f"/p/{pickup_link.token(link, SETTINGS.secret_key)}"
        code = pickup_link.code(link, order.number, SETTINGS.secret_key)
        order_id = order.id
    yield Customer(create_app(SETTINGS).test_client(), counter, order_id, page, code)
    log.react_with(before)


def test_the_code_is_not_shown_before_the_bag_is_on_the_shelf(priya: Customer, nine: datetime):
    assert "we have your order" in priya.sees()
    assert priya.code not in priya.sees()

    priya.store("pick", nine)
    assert priya.code not in priya.sees()

    priya.store("stage", nine)
    assert "Priya, it’s ready" in priya.sees()
    assert priya.code in priya.sees()


def test_saying_i_am_here_starts_the_wait_and_can_be_taken_back(priya: Customer, nine: datetime):
    priya.store("stage", nine)

    assert priya.says("arrival", spot="bay", bay="2", car="silver Corolla").status_code == 303
    assert (priya.task().status, priya.task().spot) == (TaskStatus.ARRIVED, "Bay 2, silver Corolla")
    assert "Not here yet" in priya.sees()

    assert priya.says("arrival/undo").status_code == 303
    assert priya.task().status == TaskStatus.STAGED


def test_nobody_is_here_for_a_bag_that_is_not_ready(priya: Customer):
    reply = priya.says("arrival", spot="desk")

    assert reply.status_code == 409
    assert "isn’t ready" in reply.get_data(as_text=True).replace("&#39;", "’")
    assert priya.task().status == TaskStatus.REQUESTED


def test_a_bay_needs_its_number(priya: Customer, nine: datetime):
    priya.store("stage", nine)

    assert priya.says("arrival", spot="bay").status_code == 422
    assert priya.task().status == TaskStatus.STAGED


@pytest.mark.parametrize("wrong", ["/p/1-x", "/p/nobody", "/p/99999-abc"])
def test_a_wrong_address_leads_nowhere(priya: Customer, wrong: str):
    assert priya.browser.get(wrong).status_code == 404
    assert priya.browser.post(f"{wrong}/arrival", headers=OURS).status_code == 404


def test_another_site_cannot_say_that_somebody_is_here(priya: Customer, nine: datetime):
    priya.store("stage", nine)

    foreign = priya.browser.post(f"{priya.page}/arrival", headers={"Sec-Fetch-Site": "cross-site"})

    assert foreign.status_code == 403
    assert priya.task().status == TaskStatus.STAGED


def test_a_cancelled_order_says_so_and_shows_no_code(priya: Customer, nine: datetime):
    priya.store("stage", nine)
    priya.store("cancel", nine)

    assert "This order was cancelled" in priya.sees()
    assert priya.code not in priya.sees()


def test_what_is_missing_is_said(priya: Customer, nine: datetime):
    priya.store("miss", nine, 1)
    priya.store("stage", nine)

    assert "2 of 3 ready" in priya.sees()


def test_the_page_looks_again_only_for_news_and_looking_changes_nothing(priya: Customer, nine: datetime):
    found = re.search(r'hx-get="([^"]+)"', priya.sees())
    assert found is not None
    assert priya.browser.get(found[1]).status_code == 204

    priya.store("stage", nine)
    fresh = priya.browser.get(found[1])
    with db.reading() as session:
        heads = log.heads(session)
        assert len(session.exec(select(PickupTask)).all()) == 1

    assert 'id="customer"' in fresh.get_data(as_text=True)
    assert heads == _heads()


def test_the_address_is_told_to_nobody_and_holds_no_name(priya: Customer):
    assert priya.browser.get(priya.page).headers["Referrer-Policy"] == "no-referrer"
    assert "priya" not in priya.page.lower()


def _heads() -> dict[str, int]:
    with db.reading() as session:
        return log.heads(session)


def test_the_store_says_until_when_it_is_open_in_plain_words(
    priya: Customer, nine: datetime, request: pytest.FixtureRequest
):
    request.addfinalizer(clock.release)
    clock.hold(lambda: nine)
    assert "Open day and night" in priya.sees()

    with db.transaction() as session:
        for hours in session.exec(select(StoreHours)):
            hours.opens_min = 480

    assert "Open until midnight" in priya.sees()
