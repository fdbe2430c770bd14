"""Who may sign in on which tablet, and how guessing is slowed down without locking a colleague out."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Barrier

import pytest
from sqlmodel import Session, col, select

from app import db
from app.oms.node import Node, NodeKind
from app.people import device as devices
from app.people import sign_in
from app.people.associate import Associate, BadPin, Role, RoleGrant, pin_hash, reach_of
from app.people.device import Device, EnrolmentOver
from app.people.sign_in import SHIFT, WINDOW, WRONG_PINS, NotHere, SignIn, TooManyTries, WrongPin, WrongPinEntry
from app.people.store import Region, Store

PIN, WRONG = "271828", "000001"


@dataclass
class Floor:
    """Two stores of a region, a tablet in the first, and Maya, who works there."""

    session: Session
    store: Store
    other: Store
    tablet: Device
    maya: Associate

    def enrolled(self, *, at: datetime, store_id: int | None = None, region_id: int | None = None) -> Device:
        token = devices.invite(self.session, name="Tablet", at=at, store_id=store_id, region_id=region_id)
        device = devices.invited(self.session, token)
        assert device is not None
        device.enrol(at=at)
        self.session.flush()
        return device

    def hire(self, name: str, role: Role, *, store_id: int | None = None, region_id: int | None = None) -> Associate:
        person = Associate(name=name, pin_hash=pin_hash(PIN))
        self.session.add(person)
        self.session.flush()
        self.session.add(RoleGrant(associate_id=person.id, role=role, store_id=store_id, region_id=region_id))
        self.session.flush()
        return person

    def wrong(self, *, device_id: int, associate_id: int, times: int, at: datetime) -> None:
        """So many wrong PINs at once: hashing each would only take time."""
        place = f"store/{self.store.id}"
        self.session.add_all(
            WrongPinEntry(device_id=device_id, associate_id=associate_id, place=place, at=at) for _ in range(times)
        )
        self.session.flush()


@pytest.fixture
def floor(session: Session, nine: datetime) -> Floor:
    return two_stores(session, nine)


def two_stores(session: Session, nine: datetime) -> Floor:
    region = Region(code="N", name="North")
    nodes = [Node(kind=NodeKind.STORE, code=code, name=code) for code in ("014", "015")]
    session.add_all([region, *nodes])
    session.flush()
    stores = [
        Store(id=node.id, region_id=region.id, code=node.code, name=node.name, time_zone="Europe/London")
        for node in nodes
    ]
    session.add_all(stores)
    session.flush()
    floor = Floor(session, stores[0], stores[1], Device(name=""), Associate(name="", pin_hash=""))
    floor.tablet = floor.enrolled(at=nine, store_id=stores[0].id)
    floor.maya = floor.hire("Maya Rossi", Role.ASSOCIATE, store_id=stores[0].id)
    return floor


def test_the_right_pin_opens_a_session_that_ends_with_the_shift(session: Session, floor: Floor, nine: datetime):
    token = sign_in.by_pin(session, floor.tablet, floor.maya.id, PIN, at=nine)
    assert token is not None
    found = sign_in.current(session, token, at=nine + SHIFT - timedelta(seconds=1))
    assert found is not None
    assert found.associate_id == floor.maya.id
    assert sign_in.current(session, token, at=nine + SHIFT) is None
    assert sign_in.current(session, "made up", at=nine) is None


def test_five_wrong_pins_close_the_pin_for_this_person_on_this_tablet(session: Session, floor: Floor, nine: datetime):
    for _ in range(WRONG_PINS["pair"]):
        assert sign_in.by_pin(session, floor.tablet, floor.maya.id, WRONG, at=nine) is None
    with pytest.raises(TooManyTries):
        sign_in.by_pin(session, floor.tablet, floor.maya.id, PIN, at=nine)
    assert sign_in.by_pin(session, floor.tablet, floor.maya.id, PIN, at=nine + WINDOW)


def test_nobody_can_lock_a_colleague_out_from_another_tablet(session: Session, floor: Floor, nine: datetime):
    another = floor.enrolled(at=nine, store_id=floor.store.id)
    floor.wrong(device_id=another.id, associate_id=floor.maya.id, times=WRONG_PINS["pair"], at=nine)
    assert sign_in.by_pin(session, floor.tablet, floor.maya.id, PIN, at=nine)


def test_a_tablet_on_which_many_are_guessed_takes_no_more_pins(session: Session, floor: Floor, nine: datetime):
    sam = floor.hire("Sam Okoro", Role.ASSOCIATE, store_id=floor.store.id)
    floor.wrong(device_id=floor.tablet.id, associate_id=sam.id, times=WRONG_PINS["device"], at=nine)
    with pytest.raises(TooManyTries):
        sign_in.by_pin(session, floor.tablet, floor.maya.id, PIN, at=nine)


def test_a_store_in_which_very_many_are_guessed_takes_no_more_pins(session: Session, floor: Floor, nine: datetime):
    another = floor.enrolled(at=nine, store_id=floor.store.id)
    floor.wrong(device_id=another.id, associate_id=floor.maya.id, times=WRONG_PINS["place"], at=nine)
    with pytest.raises(TooManyTries):
        sign_in.by_pin(session, floor.tablet, floor.maya.id, PIN, at=nine)


def test_a_badge_works_when_pins_are_closed(session: Session, floor: Floor, nine: datetime):
    floor.maya.set_badge("a-long-random-code")
    floor.wrong(device_id=floor.tablet.id, associate_id=floor.maya.id, times=WRONG_PINS["place"], at=nine)
    token = sign_in.by_badge(session, floor.tablet, "BADGE-a-long-random-code", at=nine)
    assert sign_in.current(session, token, at=nine)


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


@pytest.mark.parametrize("pin", ["12345", "777777", "12345a", "", "١٢٣٤٥٦"])
def test_a_pin_that_is_easily_seen_is_refused(pin: str):
    with pytest.raises(BadPin):
        pin_hash(pin)


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


def test_five_guesses_sent_together_count_as_five(database: db.Database, nine: datetime):
    with db.transaction() as session:
        floor = two_stores(session, nine)
        tablet_id, maya_id = floor.tablet.id, floor.maya.id
    together = Barrier(8)

    def guess(_: int) -> bool:
        together.wait()
        try:
            with db.transaction() as session:
                sign_in.by_pin(session, session.get_one(Device, tablet_id), maya_id, WRONG, at=nine)
        except TooManyTries:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(guess, range(8))).count(True) == WRONG_PINS["pair"]


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
