import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlmodel import select

from app import clock, create_app, db
from app.config import Settings
from app.events import log
from app.events.sequence import SourceCursor
from app.live import drawings
from app.oms.freshness import Heard
from app.people import sign_in
from app.people.associate import Associate, Role, RoleGrant
from app.people.device import Device, invite, invited
from app.people.store import Region, Store
from app.people.tokens import hash_token
from app.pickup import escalation
from app.pickup.escalation import Escalation
from app.pickup.task import PickupTask
from app.reactions import REACTIONS
from tests.notices.counter import open_counter
from tests.oms.shop import open_shop

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
SETTINGS = Settings(database_url="sqlite://", secret_key="k" * 32, public_url="http://localhost")
TAP = {"Sec-Fetch-Site": "same-origin", "HX-Request": "true"}


@dataclass
class North:
    """A region whose only store left an order to the manager, and one beside it."""

    app: Flask
    waiting_id: int

    @property
    def act(self) -> str:
        return f"/region/escalations/{self.waiting_id}/acknowledgement"

    def desk(self, name: str, role: Role, *, region_id: int = 1) -> FlaskClient:
        """Somebody new, signed in on a desk of their own."""
        at = clock.now()
        with db.transaction() as session:
            device = invited(session, invite(session, name=name, at=at, region_id=region_id))
            assert device is not None
            secret = device.enrol(at=at)
            person = Associate(name=name, pin_hash="-", badge_hash=hash_token(name))
            session.add(person)
            session.flush()
            session.add(RoleGrant(associate_id=person.id, role=role, region_id=region_id))
            session.flush()
            token = sign_in.by_badge(session, session.get_one(Device, device.id), f"BADGE-{name}", at=at)
        browser = self.app.test_client()
        browser.set_cookie("device", secret)
        with browser.session_transaction() as cookie:
            cookie["_user_id"], cookie["_fresh"] = token, True
        return browser

    def owner(self) -> int | None:
        with db.reading() as session:
            return session.get_one(Escalation, self.waiting_id).owner_id


@pytest.fixture
def north(database: db.Database, nine: datetime) -> Iterator[North]:
    before = dict(log._reactions)
    log.react_with(REACTIONS)
    at = clock.now() - timedelta(hours=1)
    with db.transaction() as session:
        counter = open_counter(session, open_shop(session, at, milk=100, bread=100))
        session.add(Region(id=2, code="S", name="South"))
        counter.place(session, at=at)
    for minutes in (6, 30):
        with db.transaction() as session:
            task = session.exec(select(PickupTask)).one()
            escalation.escalate(session, task.id, at=at + timedelta(minutes=minutes))
    with db.reading() as session:
        waiting_id = session.exec(select(Escalation.id).where(Escalation.level == escalation.REGION)).one()
    yield North(create_app(SETTINGS), waiting_id)
    log.react_with(before)


def test_the_desk_shows_what_nobody_answered_for(north: North):
    page = north.desk("Dana White", Role.REGIONAL_MANAGER).get("/region").get_data(as_text=True)

    assert "1 order needs a decision" in page
    assert "Market Street 014" in page
    assert "Nobody yet" in page
    assert "Every customer was told the truth" in page


def test_the_desk_names_the_stores_whose_tills_have_fallen_silent(north: North):
    dana = north.desk("Dana White", Role.REGIONAL_MANAGER)
    assert "No till or back office has fallen silent" in dana.get("/region").get_data(as_text=True)

    long_ago = clock.now() - timedelta(hours=1)
    with db.transaction() as session:
        store = session.exec(select(Store)).one()
        session.add(SourceCursor(source="till", owner="api/1", lowest=1, highest=1))
        session.flush()
        session.add(Heard(node_id=store.id, source="till", heard_at=long_ago, occurred_at=long_ago))

    page = dana.get("/region").get_data(as_text=True)
    assert "<small>Market Street 014</small>" in page
    assert "has fallen silent" not in page


def test_of_two_managers_the_first_owns_it_and_the_second_sees_who(north: North):
    dana, kofi = (north.desk(name, Role.REGIONAL_MANAGER) for name in ("Dana White", "Kofi Osei"))

    first, second = dana.post(north.act, headers=TAP), kofi.post(north.act, headers=TAP)

    assert (first.status_code, second.status_code) == (200, 409)
    assert "&lt;" not in first.get_data(as_text=True)
    assert "already being looked after" in second.get_data(as_text=True)
    assert "Dana W." in second.get_data(as_text=True)
    assert dana.post(north.act, headers=TAP).status_code == 200


def test_what_its_stores_push_leaves_the_desks_own_words_alone(north: North):
    desk = north.desk("Dana White", Role.REGIONAL_MANAGER).get("/region").get_data(as_text=True)
    with db.reading() as session:
        event = session.exec(select(log.Event).where(log.Event.kind == "TaskEscalated")).all()[-1]
        pushed = drawings.draw(session, event.stream, [event], event.at)

    assert 'id="region-version"' in desk
    assert f'hx-target="#region-version" hx-swap="innerMorph">{event.stream}:{event.seq}<' in pushed
    for target in re.findall(r'hx-target="#([\w-]+)"', pushed):
        assert target == "region-version" or f'id="{target}"' not in desk
    assert 'hx-target="#sentence[data-of=board]"' in pushed
    assert 'id="sentence" role="status" data-of="region"' in desk


def test_an_auditor_reads_and_changes_nothing(north: North):
    auditor = north.desk("Ada Stone", Role.AUDITOR)

    assert "Acknowledge<" not in auditor.get("/region").get_data(as_text=True)
    assert auditor.post(north.act, headers=TAP).status_code == 403
    assert north.owner() is None


def test_another_region_is_not_there(north: North):
    southern = north.desk("Sam South", Role.REGIONAL_MANAGER, region_id=2)

    assert "Market Street" not in southern.get("/region").get_data(as_text=True)
    assert southern.post(north.act, headers=TAP).status_code == 404
    assert north.owner() is None


def test_the_desk_catches_up_only_when_something_happened(north: North):
    dana = north.desk("Dana White", Role.REGIONAL_MANAGER)
    with db.reading() as session:
        version = sum(log.version(session, f"store/{each}") for each in session.exec(select(Store.id)))

    assert dana.get(f"/region/desk?since={version}").status_code == 204
    dana.post(north.act, headers=TAP)
    assert "Dana W." in dana.get(f"/region/desk?since={version}").get_data(as_text=True)


def test_without_a_script_the_button_leads_back_to_the_page(north: North):
    dana = north.desk("Dana White", Role.REGIONAL_MANAGER)

    assert dana.post(north.act, headers={"Sec-Fetch-Site": "same-origin"}).status_code == 303
    assert north.owner() is not None
