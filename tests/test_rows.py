"""Many rows at once: the rows with these keys and no others, and without reading the rest of the table."""

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col, select

from app import rows, rows_sqlite
from app.oms import correction, expiry, inventory
from app.oms.availability import Ats
from app.oms.balance import Balance
from app.oms.reservation import Reservation, ReservationState
from app.oms.touched import Touched
from tests.oms.shop import Shop, open_shop

HOUR = timedelta(hours=1)


@pytest.fixture
def shop(session: Session, nine: datetime) -> Shop:
    return open_shop(session, nine)


def test_rows_are_found_once_each_in_the_order_of_their_keys(session: Session, shop: Shop):
    keys = {"item_id": [shop.bread, shop.milk, shop.bread, 999], "node_id": [shop.node_id] * 4}

    found = rows.find(session, Balance, ("item_id", "on_hand"), keys)

    assert [tuple(row) for row in found] == [(shop.milk, 10), (shop.bread, 4)]


def test_who_asks_for_nothing_finds_nothing(session: Session):
    assert rows.find(session, Balance, ("on_hand",), {"item_id": [], "node_id": []}) == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_neither_claims_nor_movements_are_read_whole(session: Session, shop: Shop, nine: datetime):
    asked: list[str] = []
    connection = session.connection()
    driver: Any = connection.connection.driver_connection
    driver.set_trace_callback(asked.append)

    page = inventory.open_page(session, [(shop.milk, shop.node_id), (shop.bread, shop.node_id)])
    expiry.expire(session, page, at=nine)
    expiry.run_out(session, nine)
    correction._past(session, [((shop.milk, shop.node_id), nine)])

    driver.set_trace_callback(None)
    plans = [" ".join(step.detail for step in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}")) for sql in asked]
    assert len(plans) == 4
    assert not any("SCAN movement" in plan or "SCAN balance" in plan for plan in plans), plans
    by_index = [re.findall(r"INDEX (reservation_\w+)", plan) for plan in plans if "reservation" in plan]
    assert by_index == [["reservation_running_out"], ["reservation_expires"]], plans
    assert "SEARCH reservation" in plans[1]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("model", "keys"), [
    (Balance, ("item_id", "node_id")), (Balance, ("item_id",)), (Ats, ("channel_id", "item_id"))
])  # fmt: skip
def test_what_is_not_asked_for_is_not_read(session: Session, model: type[Balance], keys: tuple[str, ...]):
    table: sa.Table = model.__table__  # type: ignore[attr-defined]
    sql = rows_sqlite.find(table, keys, keys, 2)

    plan = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", (1,) * 2 * len(keys))

    steps = [step.detail for step in plan]
    assert any(step.startswith("SEARCH kept USING") for step in steps), steps
    assert not any(step.startswith("SCAN kept") for step in steps), steps


@pytest.mark.parametrize("quantities", [[2], [1, 1, 1], [1, 5, 1], []])
def test_each_row_is_written_whether_or_not_it_is_like_the_others(
    session: Session, shop: Shop, nine: datetime, quantities: list[int]
):
    many = len(quantities)
    claims = rows.Insert(Reservation, {
        "item_id": [shop.milk] * many, "node_id": [shop.node_id] * many, "quantity": quantities,
        "consumed": [0] * many, "released": [0] * many, "state": [ReservationState.HARD] * many,
        "channel": ["web"] * many, "expires_at": [None] * many, "reserved_at": [nine] * many,
    })  # fmt: skip

    assert rows.write(session, claims) == (many,)

    kept = session.exec(select(Reservation).order_by(col(Reservation.id))).all()
    assert [(each.quantity, each.expires_at, each.reserved_at) for each in kept] == [
        (quantity, None, nine) for quantity in quantities
    ]


@pytest.mark.parametrize("units", [[7], [3, 3], [3, -1]])
def test_amounts_are_added_whether_or_not_they_are_the_same(session: Session, shop: Shop, units: list[int]):
    items = [shop.milk, shop.bread][: len(units)]
    keys = {"item_id": items, "node_id": [shop.node_id] * len(items), "version": [1] * len(items)}

    assert rows.write(session, rows.Add(Balance, keys, {"on_hand": units, "version": [1] * len(items)})) == (
        len(items),
    )

    found = rows.find(
        session, Balance, ("on_hand", "version"), {"item_id": items, "node_id": [shop.node_id] * len(items)}
    )
    assert [tuple(row) for row in found] == [(10 + units[0], 2), *((4 + more, 2) for more in units[1:])]


def claims(session: Session, shop: Shop, expire: list[datetime | None], at: datetime) -> list[int]:
    many = len(expire)
    rows.write(session, rows.Insert(Reservation, {
        "item_id": [shop.milk] * many, "node_id": [shop.node_id] * many, "quantity": [1] * many,
        "consumed": [0] * many, "released": [0] * many, "state": [ReservationState.HARD] * many,
        "channel": ["web"] * many, "expires_at": expire, "reserved_at": [at] * many,
    }))  # fmt: skip
    return list(session.exec(select(Reservation.id).order_by(col(Reservation.id))))


def kept(session: Session) -> list[tuple[datetime | None, ReservationState, int]]:
    found = session.exec(select(Reservation).order_by(col(Reservation.id)).execution_options(populate_existing=True))
    return [(each.expires_at, each.state, each.quantity) for each in found]


def test_values_are_set_where_what_is_guarded_is_as_it_was_seen(session: Session, shop: Shop, nine: datetime):
    ids = claims(session, shop, [nine, None, nine, None], nine)

    seen = [nine, None, nine + HOUR, nine]  # the last two are not so any more
    said: rows.Columns = {"expires_at": [nine + HOUR, nine, None, None], "state": [ReservationState.SOFT] * 4}
    written = rows.write(session, rows.Set(Reservation, {"id": ids}, said, guard={"expires_at": seen}))

    assert written == (2,)
    assert kept(session) == [
        (nine + HOUR, ReservationState.SOFT, 1), (nine, ReservationState.SOFT, 1),
        (nine, ReservationState.HARD, 1), (None, ReservationState.HARD, 1),
    ]  # fmt: skip


@pytest.mark.parametrize("quantities", [[5], [7, 7], [7, 3]])
def test_values_are_set_whether_or_not_they_are_alike_and_nowhere_else(
    session: Session, shop: Shop, nine: datetime, quantities: list[int]
):
    ids = claims(session, shop, [nine] * 3, nine)[: len(quantities)]

    forever = rows.Set(Reservation, {"id": ids}, {"quantity": quantities, "expires_at": [None] * len(ids)})

    assert rows.write(session, forever) == (len(ids),)
    assert [(each[2], each[0]) for each in kept(session)] == [
        *((quantity, None) for quantity in quantities), *[(1, nine)] * (3 - len(ids))
    ]  # fmt: skip


def test_setting_nothing_changes_nothing(session: Session, shop: Shop, nine: datetime):
    claims(session, shop, [nine], nine)

    assert rows.write(session, rows.Set(Reservation, {"id": []}, {"expires_at": []}, guard={"quantity": []})) == (0,)
    assert kept(session) == [(nine, ReservationState.HARD, 1)]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_full_disk_is_said_in_the_words_the_edges_know(session: Session, shop: Shop):
    session.execute(sa.text("PRAGMA max_page_count = 1"))  # never below what it has already

    too_many = rows.Insert(Touched, {"item_ids": [[*range(500)]] * 2000})

    with pytest.raises(sa.exc.OperationalError, match="full"):
        rows.write(session, too_many)
