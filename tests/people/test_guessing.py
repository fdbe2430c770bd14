"""Guessing PINs is slowed down, however it is done, and nobody can lock the others out with it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Barrier

import pytest
from sqlmodel import Session, func, select

from app import db
from app.people import sign_in
from app.people.associate import BadPin, Role, pin_hash
from app.people.device import Device
from app.people.sign_in import WINDOW, WRONG_PINS, TooManyTries, WrongPinEntry
from tests.people.floor import PIN, WRONG, Floor, two_stores


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


@pytest.mark.parametrize("scope", ["device", "place"])
def test_where_very_many_are_guessed_everybody_has_one_try_left(
    session: Session, floor: Floor, nine: datetime, scope: str
):
    sam = floor.hire("Sam Okoro", Role.ASSOCIATE, store_id=floor.store.id)
    guessed_on = floor.tablet if scope == "device" else floor.enrolled(at=nine, store_id=floor.store.id)
    floor.wrong(device_id=guessed_on.id, associate_id=sam.id, times=WRONG_PINS[scope], at=nine)

    assert sign_in.by_pin(session, floor.tablet, floor.maya.id, PIN, at=nine)
    assert sign_in.by_pin(session, floor.tablet, floor.maya.id, WRONG, at=nine) is None
    with pytest.raises(TooManyTries):
        sign_in.by_pin(session, floor.tablet, floor.maya.id, PIN, at=nine)


def test_a_badge_works_when_pins_are_closed(session: Session, floor: Floor, nine: datetime):
    floor.maya.set_badge("a-long-random-code")
    floor.wrong(device_id=floor.tablet.id, associate_id=floor.maya.id, times=WRONG_PINS["place"], at=nine)

    token = sign_in.by_badge(session, floor.tablet, "BADGE-a-long-random-code", at=nine)

    assert sign_in.current(session, token, at=nine)


@pytest.mark.parametrize(("role", "opens"), [(Role.STORE_LEAD, True), (Role.ASSOCIATE, False)])
def test_a_leads_badge_gives_the_tablet_its_tries_back(
    session: Session, floor: Floor, nine: datetime, role: Role, opens: bool
):
    somebody = floor.hire("Ines Costa", role, store_id=floor.store.id)
    somebody.set_badge("hers")
    floor.wrong(device_id=floor.tablet.id, associate_id=floor.maya.id, times=WRONG_PINS["place"], at=nine)

    sign_in.by_badge(session, floor.tablet, "BADGE-hers", at=nine)

    if opens:
        assert sign_in.by_pin(session, floor.tablet, floor.maya.id, PIN, at=nine)
    else:
        with pytest.raises(TooManyTries):
            sign_in.by_pin(session, floor.tablet, floor.maya.id, PIN, at=nine)


def test_tries_for_nobody_count_and_say_nothing_about_who_there_is(session: Session, floor: Floor, nine: datetime):
    stranger = floor.hire("Ana Diaz", Role.ASSOCIATE, store_id=floor.other.id)

    answers = [
        sign_in.by_pin(session, floor.tablet, who, PIN, at=nine)
        for who in (stranger.id, 999_999, stranger.id, 888_888, 999_999)
    ]

    assert answers == [None] * 5
    for who in (stranger.id, 999_999, 777_777):
        with pytest.raises(TooManyTries):
            sign_in.by_pin(session, floor.tablet, who, PIN, at=nine)
    assert sign_in.by_pin(session, floor.tablet, floor.maya.id, PIN, at=nine)


def test_who_has_no_pin_is_refused_like_a_wrong_pin(session: Session, floor: Floor, nine: datetime):
    floor.maya.pin_hash = "-"
    session.flush()

    assert sign_in.by_pin(session, floor.tablet, floor.maya.id, PIN, at=nine) is None


def test_old_tries_are_forgotten(session: Session, floor: Floor, nine: datetime):
    floor.wrong(device_id=floor.tablet.id, associate_id=floor.maya.id, times=4, at=nine)

    sign_in.by_pin(session, floor.tablet, floor.maya.id, WRONG, at=nine + WINDOW)

    session.flush()
    assert session.exec(select(func.count()).select_from(WrongPinEntry)).one() == 1


def test_a_pin_is_kept_as_argon2id_with_the_parameters_of_rfc_9106(floor: Floor):
    assert floor.maya.pin_hash.startswith("$argon2id$v=19$m=65536,t=3,p=4$")


@pytest.mark.parametrize(
    "pin", ["12345", "777777", "12345a", "", "١٢٣٤٥٦", "123456", "654321", "890123", "121212", "123123"]
)
def test_a_pin_that_is_tried_first_is_refused(pin: str):
    with pytest.raises(BadPin):
        pin_hash(pin)


def test_guesses_sent_together_count_one_by_one(database: db.Database, nine: datetime):
    with db.transaction() as session:
        floor = two_stores(session, nine)
        tablet_id, maya_id = floor.tablet.id, floor.maya.id

    assert guess_together(nine, [tablet_id] * 8, maya_id) == WRONG_PINS["pair"]


def test_guesses_sent_together_from_all_tablets_of_a_store_do_not_pass_its_limit(database: db.Database, nine: datetime):
    """Seven tablets, two short of the store's limit, and somebody who has guessed on each of them before."""
    with db.transaction() as session:
        floor = two_stores(session, nine)
        tablets = [floor.enrolled(at=nine, store_id=floor.store.id).id for _ in range(7)]
        maya_id = floor.maya.id
        for tablet in tablets:
            floor.wrong(device_id=tablet, associate_id=maya_id, times=1, at=nine)
        sam = floor.hire("Sam Okoro", Role.ASSOCIATE, store_id=floor.store.id)
        floor.wrong(device_id=floor.tablet.id, associate_id=sam.id, times=WRONG_PINS["place"] - 7 - 2, at=nine)

    assert guess_together(nine, tablets, maya_id) == 2

    with db.reading() as session:
        assert session.exec(select(func.count()).select_from(WrongPinEntry)).one() == WRONG_PINS["place"]


def guess_together(at: datetime, tablets: list[int], associate_id: int) -> int:
    """How many of these wrong PINs were looked at at all."""
    together = Barrier(len(tablets))

    def guess(tablet_id: int) -> bool:
        together.wait()
        try:
            with db.transaction() as session:
                sign_in.by_pin(session, session.get_one(Device, tablet_id), associate_id, WRONG, at=at)
        except TooManyTries:
            return False
        return True

    with ThreadPoolExecutor(len(tablets)) as pool:
        return list(pool.map(guess, tablets)).count(True)
