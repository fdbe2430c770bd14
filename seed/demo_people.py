"""Who works in the demo, with the PINs and badges that the demo's own page tells."""

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlmodel import Session, select

from app.people.associate import Associate, Role, RoleGrant, pin_hash
from app.people.store import Region, Store

PEOPLE_FILE = "demo-people.json"
BADGE = "BADGE-"


@dataclass(frozen=True)
class Person:
    """One of them: `place` is a store's code, or a region's for who manages one."""

    place: str
    name: str
    job: str
    pin: str
    role: Role = Role.ASSOCIATE


PEOPLE = (
    Person("118", "Maya Rossi", "Associate", "118201"),
    Person("118", "Jonas Thorne", "Associate", "118302"),
    Person("118", "Sana Khan", "Store lead", "118403", Role.STORE_LEAD),
    Person("118", "Elif Vural", "Associate", "118504"),
    Person("118", "Ade Okoro", "Associate", "118605"),
    Person("118", "Pilar Lopez", "Associate", "118706"),
    Person("204", "Nico Brandt", "Associate", "204201"),
    Person("204", "Freya Lund", "Store lead", "204302", Role.STORE_LEAD),
    Person("311", "Tom Ashby", "Associate", "311201"),
    Person("311", "Leila Aziz", "Store lead", "311302", Role.STORE_LEAD),
    Person("427", "Cora Finch", "Associate", "427201"),
    Person("427", "Milan Petrov", "Store lead", "427302", Role.STORE_LEAD),
    Person("NORTH", "Dana Whitlock", "Regional manager", "700101", Role.REGIONAL_MANAGER),
    Person("SOUTH", "Ravi Menon", "Regional manager", "700202", Role.REGIONAL_MANAGER),
)


def hire(session: Session, var: Path, people: Sequence[Person] = PEOPLE) -> None:
    """Everybody, with the roles they hold; and the list of them for the demo's page."""
    stores = dict(session.exec(select(Store.code, Store.id)).all())
    regions = dict(session.exec(select(Region.code, Region.id)).all())
    told = []
    for person in people:
        badge = secrets.token_hex(8).upper()
        associate = Associate(name=person.name, job=person.job, pin_hash=pin_hash(person.pin))
        associate.set_badge(badge)
        session.add(associate)
        session.flush()
        store_id, region_id = stores.get(person.place), regions.get(person.place)
        session.add(RoleGrant(associate_id=associate.id, role=person.role, store_id=store_id, region_id=region_id))
        place = {"store" if store_id else "region": person.place}
        told.append(place | {"name": person.name, "job": person.job, "pin": person.pin, "badge": BADGE + badge})
    _write(var / PEOPLE_FILE, json.dumps(told, indent=1))


def _write(path: Path, words: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(words, encoding="utf-8")
