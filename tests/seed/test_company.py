"""A retailer's own file becomes its shop: what is known is brought up to date, and stock is opened once."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session, col, select

from app.oms import books, inventory, kit
from app.oms.item import Item, Place
from app.people.associate import Associate, Role, RoleGrant
from app.people.store import Store, StoreHours, due_after
from app.pickup import staging
from app.pickup.staging import LocationKind, StagingLocation
from app.refusals import Refusal, Unreadable
from seed import company

HOUR = timedelta(hours=1)
WEEK = {day: [["08:00", "21:00"]] for day in ("mon", "tue", "wed", "thu", "fri")} | {"sat": [["22:00", "02:00"]]}
SHELVES = [{"code": "S-01"}, {"code": "F-01", "kind": "cold"}]


def file(**other: Any) -> dict[str, Any]:
    return {
        "regions": [{"code": "N", "name": "North"}],
        "stores": [{"code": "118", "name": "Riverside", "region": "N", "time_zone": "Europe/London", "hours": WEEK,
                    "exceptions": {"2026-12-25": None}, "shelves": SHELVES}],
        "people": [{"staff_number": "4711", "name": "Maya Rossi", "stores": ["118"], "badge": "BADGE-77"},
                   {"staff_number": "0001", "name": "Dana Whitlock", "role": "regional manager", "regions": ["N"],
                    "pin": "700191"}],
        "items": [{"sku": "MUG", "gtin": "5901234123457", "name": "Mug", "currency": "GBP", "price_minor": 900}],
        "places": [{"store": "118", "sku": "MUG", "aisle": "A", "bin": "A01"}],
        "stock": [{"store": "118", "sku": "MUG", "on_hand": 7}],
    } | other  # fmt: skip


def load(session: Session, at: datetime, **other: Any) -> dict[str, str]:
    return company.load(session, company.read(json.dumps(file(**other)).encode()), at=at)


def on_hand(session: Session) -> int:
    store, item = session.exec(select(Store.id)).one(), session.exec(select(Item.id)).one()
    kept = inventory.balance_of(session, item_id=item, node_id=store)
    assert kept is not None
    return kept.on_hand


def test_a_file_makes_a_shop_that_can_open_its_doors(session: Session, nine: datetime):
    load(session, nine)

    store = session.exec(select(Store)).one()
    assert due_after(session, store.id, at=nine, window=HOUR) == nine + HOUR
    assert session.exec(select(StagingLocation.kind)).all() == [LocationKind.SHELF, LocationKind.COLD]
    assert session.exec(select(Place.bin)).one() == "A01"
    assert session.exec(select(Item.gtin)).one() == "05901234123457"
    assert on_hand(session) == 7


def test_a_shelf_is_found_by_its_label_however_the_file_writes_it(session: Session, nine: datetime):
    load(session, nine, stores=[file()["stores"][0] | {"shelves": [{"code": "loc-s-07"}]}])
    store_id = session.exec(select(Store.id)).one()

    assert staging.location_for(session, store_id, "LOC-S-07").code == "S-07"


def test_a_new_person_gets_a_pin_that_opens_and_is_told_once(session: Session, nine: datetime):
    pins = load(session, nine)

    maya = session.exec(select(Associate).where(Associate.staff_number == "4711")).one()
    assert pins.keys() == {"4711"}
    assert maya.has_pin(pins["4711"])
    assert load(session, nine) == {}
    assert maya.has_pin(pins["4711"])


def test_loading_again_changes_what_the_file_says_and_nothing_else(session: Session, nine: datetime):
    load(session, nine)
    inventory.record(session, _sold(session), _cause(nine))

    hours = {"mon": [["09:00", "18:00"]]}
    store = file()["stores"][0] | {"name": "Riverside East", "hours": hours}
    load(session, nine, stores=[store])

    assert session.exec(select(Store.name)).one() == "Riverside East"
    assert len(session.exec(select(StoreHours)).all()) == 1
    assert len(session.exec(select(StagingLocation)).all()) == 2
    assert on_hand(session) == 6
    assert list(books.unexplained_balances(session)) == []


def test_who_moves_to_the_region_leaves_the_store_and_who_left_cannot_enter(session: Session, nine: datetime):
    load(session, nine)
    moved = file()["people"][0] | {"stores": [], "regions": ["N"], "role": "auditor", "has_left": True}

    load(session, nine, people=[moved])

    maya = session.exec(select(Associate).where(Associate.staff_number == "4711")).one()
    grants = session.exec(select(RoleGrant).where(col(RoleGrant.associate_id) == maya.id)).all()
    assert [(grant.role, grant.store_id) for grant in grants] == [(Role.AUDITOR, None)]
    assert maya.left_at == nine


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"regions": [{"code": "N"}]}, "regions.0.name: Field required"),
        ({"wages": []}, "wages: Extra inputs are not permitted"),
        ({"stores": [file()["stores"][0] | {"time_zone": "Mars"}]}, "is no time zone"),
        ({"stores": [file()["stores"][0] | {"region": "S"}]}, "There is no region S"),
        ({"stores": [file()["stores"][0] | {"hours": {"mon": []}}]}, "Store 118 is never open."),
        ({"people": [{"staff_number": "1", "name": "Nobody"}]}, "works in a store or at a region's desk"),
        ({"people": [file()["people"][1] | {"pin": "123456"}]}, "A PIN has at least 6 digits"),
        ({"places": [{"store": "118", "sku": "CUP", "aisle": "A", "bin": "A01"}]}, "There is no item CUP"),
        ({"stock": [{"store": "118", "sku": "MUG", "on_hand": -1}]}, "stock.0.on_hand"),
        ({"people": [each | {"badge": "77"} for each in file()["people"]]}, "belongs to two"),
    ],
)
def test_a_file_with_a_mistake_is_refused_and_says_where(
    session: Session, nine: datetime, wrong: dict[str, Any], words: str
):
    with pytest.raises(Refusal) as refused:
        load(session, nine, **wrong)
    assert words in refused.value.words


def test_what_is_no_json_is_refused():
    with pytest.raises(Unreadable):
        company.read(b"regions: north")


def _sold(session: Session) -> list[inventory.Change]:
    store, item = session.exec(select(Store.id)).one(), session.exec(select(Item.id)).one()
    return [inventory.Change(item_id=item, node_id=store, on_hand=-1)]


def _cause(at: datetime) -> inventory.Cause:
    return inventory.Cause(
        reason=inventory.Reason.SALE, document="sale/1", actor="till", occurred_at=at, recorded_at=at
    )


TEA = {"sku": "TEA", "name": "Tea", "currency": "GBP"}
MUGS = [{"sku": "TEA", "parts": [{"sku": "MUG", "quantity": "2"}]}]


def test_a_file_says_what_a_kit_is_made_of_and_may_be_loaded_again(session: Session, nine: datetime):
    for _ in "ab":
        load(session, nine, items=[*file()["items"], TEA], kits=MUGS)

    ids = {item.sku: item.id for item in session.exec(select(Item))}
    assert kit.recipes(session, ids.values()) == {ids["TEA"]: {ids["MUG"]: 2}}


@pytest.mark.parametrize(
    ("kits", "words"),
    [
        ([{"sku": "POT", "parts": []}], "There is no item POT"),
        ([{"sku": "TEA", "parts": [{"sku": "POT"}]}], "There is no item POT"),
        ([{"sku": "TEA", "parts": [{"sku": "MUG", "quantity": "0.5"}]}], "in whole numbers"),
        ([{"sku": "TEA", "parts": [{"sku": "MUG", "quantity": "-1"}]}], "there has to be some"),
        ([{"sku": "TEA", "parts": [{"sku": "TEA"}]}], "made of no other kit"),
        ([{"sku": "MUG", "parts": [{"sku": "TEA"}]}, *MUGS], "made of no other kit"),
        ([{"sku": "TEA", "parts": [{"sku": "MUG"}, {"sku": "MUG"}]}], "names a part twice"),
    ],
)
def test_a_kit_that_can_not_be_is_refused_in_words(session: Session, nine: datetime, kits: list[Any], words: str):
    with pytest.raises(Refusal, match=words):
        load(session, nine, items=[*file()["items"], TEA], kits=kits)
