"""Who may sign in on which tablet, and what ends it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier

import pytest
from sqlmodel import Session, col, select

from app import db
from app.people import device as devices
from app.people import sign_in
from app.people.associate import Role, reach_of
from app.people.device import EnrolmentOver
from app.people.sign_in import SHIFT, NotHere, SignIn, WrongPin
from app.people.store import Region
from tests.people.floor import PIN, Floor


def test_the_right_pin_opens_a_session_that_ends_with_the_shift(session: Session, floor: Floor, nine: datetime):
    token = sign_in.by_pin(session, floor.tablet, floor.maya.id, PIN, at=nine)
    assert token is not None
    found = sign_in.current(session, token, at=nine + SHIFT - timedelta(seconds=1))
    assert found is not None
    assert found.associate_id == floor.maya.id
    assert sign_in.current(session, token, at=nine + SHIFT) is None
    assert sign_in.current(session, "made up", at=nine) is None


def test_a_badge_nobody_holds_and_a_badge_of_another_store_are_refused(session: Session, floor: Floor, nine: datetime):
    with pytest.raises(WrongPin):
        sign_in.by_badge(session, floor.tablet, "BADGE-made-up", at=nine)
    stranger = floor.hire("Ana Diaz", Role.ASSOCIATE, store_id=floor.other.id)
    stranger.set_badge("hers")
    with pytest.raises(NotHere):
        sign_in.by_badge(session, floor.tablet, "BADGE-hers", at=nine)


def test_switching_person_ends_the_session_before(session: Session, floor: Floor, nine: datetime):
    sam = floor.hire("Sam Okoro", Role.ASSOCIATE, store_id=floor.store.id)
    first = sign_in.by_pin(session, floor.tablet, floor.maya.id, PIN, at=nine)
    second = sign_in.by_pin(session, floor.tablet, sam.id, PIN, at=nine)
    assert first is not None
    assert second is not None
    assert sign_in.current(session, first, at=nine) is None
    assert sign_in.current(session, second, at=nine) is not None
    still_open = session.exec(select(SignIn).where(col(SignIn.ended_at).is_(None))).all()
    assert [opened.associate_id for opened in still_open] == [sam.id]


def test_locking_the_tablet_ends_the_session(session: Session, floor: Floor, nine: datetime):
    token = sign_in.by_pin(session, floor.tablet, floor.maya.id, PIN, at=nine)
    sign_in.end(session, floor.tablet, at=nine)
    assert token is not None
    assert sign_in.current(session, token, at=nine) is None


def test_a_revoked_tablet_ends_every_session_on_it(session: Session, floor: Floor, nine: datetime):
    token = sign_in.by_pin(session, floor.tablet, floor.maya.id, PIN, at=nine)
    floor.tablet.revoke(at=nine)
    assert token is not None
    assert sign_in.current(session, token, at=nine) is None


def test_somebody_who_left_is_out_at_once_and_cannot_come_back(session: Session, floor: Floor, nine: datetime):
    floor.maya.set_badge("mayas")
    token = sign_in.by_pin(session, floor.tablet, floor.maya.id, PIN, at=nine)
    floor.maya.left_at = nine
    assert token is not None
    assert sign_in.current(session, token, at=nine) is None
    assert sign_in.by_pin(session, floor.tablet, floor.maya.id, PIN, at=nine) is None
    with pytest.raises(WrongPin):
        sign_in.by_badge(session, floor.tablet, "BADGE-mayas", at=nine)


def test_somebody_of_another_store_cannot_use_a_pin_here(session: Session, floor: Floor, nine: datetime):
    stranger = floor.hire("Ana Diaz", Role.ASSOCIATE, store_id=floor.other.id)
    assert sign_in.by_pin(session, floor.tablet, stranger.id, PIN, at=nine) is None
    assert sign_in.by_pin(session, floor.tablet, 999_999, PIN, at=nine) is None


def test_a_region_desk_is_for_its_manager_and_auditors(session: Session, floor: Floor, nine: datetime):
    desk = floor.enrolled(at=nine, region_id=floor.store.region_id)
    manager = floor.hire("Lea Brandt", Role.REGIONAL_MANAGER, region_id=floor.store.region_id)
    auditor = floor.hire("Omar Haddad", Role.AUDITOR)
    assert sign_in.by_pin(session, desk, manager.id, PIN, at=nine)
    assert sign_in.by_pin(session, desk, auditor.id, PIN, at=nine)
    assert sign_in.by_pin(session, desk, floor.maya.id, PIN, at=nine) is None
    assert not reach_of(session, auditor.id).may_manage(floor.store.region_id)


def test_a_lead_of_one_store_leads_no_other(session: Session, floor: Floor):
    lead = floor.hire("Ines Costa", Role.STORE_LEAD, store_id=floor.store.id)
    reach = reach_of(session, lead.id)
    assert reach.leads(floor.store)
    assert reach.works_in(floor.store)
    assert not reach.leads(floor.other)
    assert not reach.may_look_at(floor.store.region_id)


def test_a_tablet_is_enrolled_once(session: Session, floor: Floor, nine: datetime):
    token = devices.invite(session, name="Tablet 2", at=nine, store_id=floor.store.id)
    tablet = devices.invited(session, token)
    assert tablet is not None
    secret = tablet.enrol(at=nine)
    session.flush()
    assert devices.invited(session, token) is None
    with pytest.raises(EnrolmentOver):
        tablet.enrol(at=nine)
    assert devices.known(session, secret) is tablet
    tablet.revoke(at=nine)
    assert devices.known(session, secret) is None


def test_of_four_tablets_that_follow_one_link_at_once_one_is_enrolled(database: db.Database, nine: datetime):
    with db.transaction() as session:
        region = Region(code="N", name="North")
        session.add(region)
        session.flush()
        token = devices.invite(session, name="Desk", at=nine, region_id=region.id)
    together = Barrier(4)

    def enrol(_: int) -> str | None:
        together.wait()
        with db.transaction() as session:
            desk = devices.invited(session, token)
            try:
                return desk.enrol(at=nine) if desk is not None else None
            except EnrolmentOver:
                return None

    with ThreadPoolExecutor(4) as pool:
        [secret] = filter(None, pool.map(enrol, range(4)))
    with db.reading() as session:
        assert devices.known(session, secret) is not None
        assert devices.invited(session, token) is None


def test_an_invitation_ends_after_a_day_or_when_it_is_taken_back(session: Session, floor: Floor, nine: datetime):
    late, taken_back = (
        devices.invited(session, devices.invite(session, name="Tablet", at=nine, store_id=floor.store.id)) for _ in "ab"
    )
    assert late is not None
    assert taken_back is not None
    with pytest.raises(EnrolmentOver):
        late.enrol(at=nine + devices.ENROLMENT_WINDOW + timedelta(seconds=1))
    taken_back.revoke(at=nine)
    with pytest.raises(EnrolmentOver):
        taken_back.enrol(at=nine)
