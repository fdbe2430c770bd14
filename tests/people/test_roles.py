"""Who may do what where: a role is granted once in each scope, and the lock shows whom it would let in."""

from datetime import datetime

import pytest
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, select

from app.people import associate as associates
from app.people import sign_in
from app.people.associate import Associate, Role, RoleGrant
from app.people.device import Device
from app.people.store import Region
from tests.people.floor import PIN, Floor


@pytest.mark.parametrize("scope", ["store", "region", "everywhere"])
def test_a_role_is_granted_once_in_each_scope(session: Session, floor: Floor, scope: str):
    where = {"store": {"store_id": floor.store.id}, "region": {"region_id": floor.store.region_id}, "everywhere": {}}
    sam = floor.hire("Sam Okoro", Role.AUDITOR, **where[scope])
    session.add(RoleGrant(associate_id=sam.id, role=Role.ASSOCIATE, **where[scope]))
    session.add(RoleGrant(associate_id=sam.id, role=Role.AUDITOR, store_id=floor.other.id))
    session.flush()

    session.add(RoleGrant(associate_id=sam.id, role=Role.AUDITOR, **where[scope]))

    with pytest.raises(IntegrityError):
        session.flush()


def staff(session: Session, floor: Floor, nine: datetime) -> None:
    """One of each, so that every way to belong and not to belong is there."""
    here, region = floor.store.id, floor.store.region_id
    south = Region(code="S", name="South")
    session.add(south)
    session.flush()
    for role in Role:
        floor.hire(f"{role} of the store", role, store_id=here)
        floor.hire(f"{role} of the other", role, store_id=floor.other.id)
        floor.hire(f"{role} of the region", role, region_id=region)
        floor.hire(f"{role} of the south", role, region_id=south.id)
        floor.hire(f"{role} everywhere", role)
    floor.hire("Left last week", Role.ASSOCIATE, store_id=here).left_at = nine
    floor.hire("Has a badge only", Role.ASSOCIATE, store_id=here).pin_hash = "-"
    session.add(Associate(name="Without a role", pin_hash=floor.maya.pin_hash))
    session.flush()


def gets_in(session: Session, device: Device, person: Associate, at: datetime) -> bool:
    return sign_in.by_pin(session, device, person.id, PIN, at=at) is not None


def test_a_tablet_shows_exactly_whom_it_lets_in(session: Session, floor: Floor, nine: datetime):
    staff(session, floor, nine)

    shown = {person.name for person in associates.working_in(session, floor.store)}

    roles = ("associate", "store lead")
    expected = {f"{role} {where}" for role in roles for where in ("of the store", "of the region", "everywhere")}
    assert shown == expected | {"Maya Rossi"}
    everybody = {person.name: person for person in _all(session)}
    let_in = {name for name, person in everybody.items() if gets_in(session, _tablet(floor, nine), person, nine)}
    assert let_in == shown


def test_a_desk_shows_exactly_whom_it_lets_in(session: Session, floor: Floor, nine: datetime):
    staff(session, floor, nine)

    shown = {person.name for person in associates.working_for(session, floor.store.region_id)}

    roles = ("regional manager", "auditor")
    assert shown == {f"{role} {where}" for role in roles for where in ("of the region", "everywhere")}
    let_in = {person.name for person in _all(session) if gets_in(session, _desk(floor, nine), person, nine)}
    assert let_in == shown


def _all(session: Session) -> list[Associate]:
    return list(session.exec(select(Associate)))


def _tablet(floor: Floor, at: datetime) -> Device:
    """A fresh one for each try, or the wrong ones would add up."""
    return floor.enrolled(at=at, store_id=floor.store.id)


def _desk(floor: Floor, at: datetime) -> Device:
    return floor.enrolled(at=at, region_id=floor.store.region_id)


def _grant(session: Session, person: Associate) -> RoleGrant:
    return session.exec(select(RoleGrant).where(RoleGrant.associate_id == person.id)).one()


@pytest.mark.parametrize("change", ["taken away", "another store", "tablet moved"])
def test_a_session_ends_with_the_role_it_rests_on(session: Session, floor: Floor, nine: datetime, change: str):
    token = sign_in.by_pin(session, floor.tablet, floor.maya.id, PIN, at=nine)
    assert token is not None
    assert sign_in.current(session, token, at=nine)

    if change == "taken away":
        session.delete(_grant(session, floor.maya))
    elif change == "another store":
        _grant(session, floor.maya).store_id = floor.other.id
    else:
        floor.tablet.store_id = floor.other.id
    session.flush()

    assert sign_in.current(session, token, at=nine) is None
