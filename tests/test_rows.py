"""Many rows at once: the rows with these keys and no others, and without reading the rest of the table."""

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from app import rows
from app.oms.availability import Ats
from app.oms.balance import Balance
from tests.oms.shop import Shop, open_shop


@pytest.fixture
def shop(session: Session, nine) -> Shop:
    return open_shop(session, nine)


def test_rows_are_found_once_each_in_the_order_of_their_keys(session: Session, shop: Shop):
    keys = {"item_id": [shop.bread, shop.milk, shop.bread, 999], "node_id": [shop.node_id] * 4}

    found = rows.find(session, Balance, ("item_id", "on_hand"), keys)

    assert [tuple(row) for row in found] == [(shop.milk, 10), (shop.bread, 4)]


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
