"""Many rows at once: the rows with these keys and no others, and without reading the rest of the table."""

import re
from datetime import datetime
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from app import rows
from app.oms import correction, expiry, inventory
from app.oms.availability import Ats
from app.oms.balance import Balance
from tests.oms.shop import Shop, open_shop


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
    asked: list[tuple[str, Any]] = []
    connection = session.connection()
    sa.event.listen(connection, "before_cursor_execute", lambda _, __, sql, given, *___: asked.append((sql, given)))

    page = inventory.open_page(session, [(shop.milk, shop.node_id), (shop.bread, shop.node_id)])
    expiry.expire(session, page, at=nine)
    expiry.run_out(session, nine)
    correction._past(session, [((shop.milk, shop.node_id), nine)])

    plans = [" ".join(step.detail for step in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", given))
             for sql, given in list(asked)]  # fmt: skip
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
    sql = rows._find_each(table, keys, keys, 2)

    plan = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", (1,) * 2 * len(keys))

    steps = [step.detail for step in plan]
    assert any(step.startswith("SEARCH kept USING") for step in steps), steps
    assert not any(step.startswith("SCAN kept") for step in steps), steps
