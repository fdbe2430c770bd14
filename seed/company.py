"""A company's file put into the shop: what is known is brought up to date, what is new begins, nothing is taken away.

Stock is different: it is opened once, where a store never had the item. Afterwards it only moves, by the ledger.
"""

import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa
from pydantic import ValidationError
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, SQLModel, col, select

from app.oms import inventory, kit
from app.oms.balance import Balance
from app.oms.inventory import Change
from app.oms.item import Item, Place
from app.oms.node import Node, NodeKind
from app.people.associate import PIN_DIGITS, Associate, BadPin, RoleGrant, pin_hash
from app.people.hours import NeverOpen
from app.people.store import Region, Store, StoreException, StoreHours, opening_hours
from app.pickup.staging import StagingLocation
from app.refusals import Unreadable
from seed.company_file import DAYS, CompanyFile, KitEntry, PersonEntry, StoreEntry
from seed.world import cause_of

Ids = dict[str, int]


@dataclass
class Known:
    """What is in the shop by now, by its code."""

    regions: Ids = field(default_factory=dict)
    stores: Ids = field(default_factory=dict)
    items: Ids = field(default_factory=dict)


def read(text: bytes) -> CompanyFile:
    """The file, or a refusal that names each thing that is wrong with it."""
    try:
        return CompanyFile.model_validate_json(text)
    except ValidationError as wrong:
        told = [f"{'.'.join(map(str, each['loc'])) or 'the file'}: {each['msg']}" for each in wrong.errors()]
        raise Unreadable("\n".join(told)) from wrong


def load(session: Session, company: CompanyFile, *, at: datetime) -> dict[str, str]:
    """All of it or nothing; the PINs that were made, by staff number."""
    try:
        return _load(session, company, at=at)
    except IntegrityError as twice:
        raise Unreadable("A badge or a GTIN in the file belongs to two of them, or to another one here.") from twice


def _load(session: Session, company: CompanyFile, *, at: datetime) -> dict[str, str]:
    known = Known()
    for region in company.regions:
        _upsert(session, Region, {"code": region.code}, {"name": region.name})
    known.regions = _ids(session, Region, Region.code)
    for store in company.stores:
        _store(session, store, known)
    known.stores = _ids(session, Store, Store.code)
    _goods(session, company, known)
    _open_stock(session, company, known, at=at)
    made = {person.staff_number: _person(session, person, known, at=at) for person in company.people}
    return {number: pin for number, pin in made.items() if pin}


def _goods(session: Session, company: CompanyFile, known: Known) -> None:
    for item in company.items:
        gtin = item.gtin.zfill(14) if item.gtin else None
        _upsert(session, Item, {"sku": item.sku}, item.model_dump(exclude={"sku"}) | {"gtin": gtin})
    known.items = _ids(session, Item, Item.sku)
    for each in company.kits:
        _kit(session, each, known)
    for place in company.places:
        keys = {"node_id": _one(known.stores, place.store, "store"), "item_id": _one(known.items, place.sku, "item")}
        _upsert(session, Place, keys, place.model_dump(exclude={"store", "sku"}))


def _kit(session: Session, entry: KitEntry, known: Known) -> None:
    parts = {}
    for part in entry.parts:
        item = session.get_one(Item, _one(known.items, part.sku, "item"))
        parts[item.id] = item.units_of(part.quantity)
    kit.define(session, session.get_one(Item, _one(known.items, entry.sku, "item")), parts)


def _ids(session: Session, model: Any, code: Any) -> Ids:
    session.flush()
    return dict(session.exec(select(code, model.id)).all())


def _one(ids: Ids, code: str, what: str) -> int:
    if code not in ids:
        raise Unreadable(f"There is no {what} {code}, neither in the file nor here.")
    return ids[code]


def _upsert(session: Session, model: type[SQLModel], keys: dict[str, Any], values: dict[str, Any]) -> Any:
    row = session.exec(select(model).filter_by(**keys)).one_or_none()
    if row is None:
        row = model(**keys, **values)
        session.add(row)
    else:
        for name, value in values.items():
            setattr(row, name, value)
    session.flush()
    return row


def _store(session: Session, entry: StoreEntry, known: Known) -> None:
    node = _upsert(session, Node, {"code": entry.code}, {"kind": NodeKind.STORE, "name": entry.name})
    values = entry.model_dump(include=set(Store.model_fields) - {"code", "id"})
    values["region_id"] = _one(known.regions, entry.region, "region")
    store = _upsert(session, Store, {"id": node.id}, values | {"code": entry.code})
    _set_hours(session, entry, store)
    for shelf in entry.shelves:
        keys = {"store_id": node.id, "code": shelf.code}
        _upsert(session, StagingLocation, keys, {"kind": shelf.kind, "capacity": shelf.capacity})


def _set_hours(session: Session, entry: StoreEntry, store: Store) -> None:
    """Hours are the one thing that is replaced as a whole: an opening has no name to know it by."""
    for table in (StoreHours, StoreException):
        session.execute(sa.delete(table).where(col(table.store_id) == store.id))
    for day, openings in entry.hours.items():
        rows = [StoreHours(store_id=store.id, weekday=DAYS.index(day), **_minutes(*each)) for each in openings]
        session.add_all(rows)
    for date, special in entry.exceptions.items():
        session.add(StoreException(store_id=store.id, day=date, **(_minutes(*special) if special else {})))
    session.flush()
    try:
        opening_hours(session, store).add_open(datetime(2000, 1, 1, tzinfo=UTC), timedelta(minutes=1))
    except NeverOpen as never:
        raise Unreadable(f"Store {store.code} is never open.") from never


def _minutes(opens: time, closes: time) -> dict[str, int]:
    return {"opens_min": opens.hour * 60 + opens.minute, "closes_min": closes.hour * 60 + closes.minute}


def _person(session: Session, entry: PersonEntry, known: Known, *, at: datetime) -> str | None:
    """The PIN that was made for somebody new, if the file brought none."""
    keys = {"staff_number": entry.staff_number}
    is_new = session.exec(select(Associate).filter_by(**keys)).one_or_none() is None
    pin = entry.pin or _new_pin()
    first = {"pin_hash": pin_hash(pin)} if is_new else {}
    person = _upsert(session, Associate, keys, {"name": entry.name, "job": entry.job} | first)
    person.left_at = (person.left_at or at) if entry.has_left else None
    if entry.badge:
        person.set_badge(entry.badge.removeprefix("BADGE-"))
    _grant(session, entry, person, known)
    return pin if is_new and entry.pin is None else None


def _grant(session: Session, entry: PersonEntry, person: Associate, known: Known) -> None:
    """The roles in the file are the roles held, no more: who moves to another store leaves the first."""
    session.execute(sa.delete(RoleGrant).where(col(RoleGrant.associate_id) == person.id))
    places = [{"store_id": _one(known.stores, code, "store")} for code in entry.stores]
    places += [{"region_id": _one(known.regions, code, "region")} for code in entry.regions]
    session.add_all([RoleGrant(associate_id=person.id, role=entry.role, **place) for place in places])
    session.flush()


def _new_pin() -> str:
    while True:
        pin = "".join(secrets.choice("0123456789") for _ in range(PIN_DIGITS))
        with suppress(BadPin):
            pin_hash(pin)
            return pin


def _open_stock(session: Session, company: CompanyFile, known: Known, *, at: datetime) -> None:
    wanted = {
        (_one(known.items, each.sku, "item"), _one(known.stores, each.store, "store")): each.on_hand
        for each in company.stock
    }
    kept = set(session.exec(select(Balance.item_id, Balance.node_id)).all())
    fresh = {pair: on_hand for pair, on_hand in wanted.items() if pair not in kept}
    opening = [
        Change(item_id=item_id, node_id=node_id, on_hand=on_hand) for (item_id, node_id), on_hand in fresh.items()
    ]
    inventory.record(session, opening, cause_of("opening/company", at))
