"""A message that breaks us: kept, tried again alone a few times, taken in once its cause is mended."""

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col, select

from app import db
from app.events import inbox
from app.events.inbox import InboxMessage, InboxState, Message, NothingToReplay
from app.oms import books, inventory, stock_intake
from tests.oms.shop import Shop, open_shop
from tests.oms.test_stock_facts import sold

MINUTE = timedelta(minutes=1)


@pytest.fixture
def shop(database: db.Database, nine: datetime) -> Shop:
    """A shop whose ledger of milk is broken: the next version of its balance is written already."""
    with db.transaction() as session:
        shop = open_shop(session, nine)
        session.execute(sa.text(
            "INSERT INTO movement (item_id, node_id, version, on_hand, reserved, suppressed, on_hand_after,"
            " reserved_after, suppressed_after, reason, document, actor, occurred_at, recorded_at)"
            " SELECT item_id, node_id, 2, 0, 0, 0, 10, 0, 0, 'correction', 'x', 'x', occurred_at, recorded_at"
            f" FROM movement WHERE item_id = {shop.milk}"
        ))  # fmt: skip
    return shop


def mend() -> None:
    with db.transaction() as session:
        session.execute(sa.text("UPDATE balance SET version = 2 WHERE version = 1"))


def deliver(nine: datetime) -> list[str]:
    batch = [sold(1, at=nine), sold(2, at=nine, sku="BREAD"), sold(3, at=nine, sku="GOLD")]
    return [arrival.state for arrival in stock_intake.receive(batch, at=nine, owner="till")]


def kept() -> list[tuple[str, int]]:
    with db.reading() as session:
        found = session.exec(select(InboxMessage).order_by(col(InboxMessage.id)))
        return [(each.state, each.attempts) for each in found]


def on_hand(session: Session, shop: Shop, item_id: int) -> int:
    found = inventory.balance_of(session, item_id=item_id, node_id=shop.node_id)
    assert found is not None
    return found.on_hand


def test_what_breaks_us_is_kept_and_takes_no_other_with_it(shop: Shop, nine: datetime):
    assert deliver(nine) == ["received", "applied", "rejected"]
    assert kept() == [("received", 1), ("applied", 1), ("rejected", 1)]
    assert deliver(nine) == ["duplicate", "duplicate", "duplicate"]


def test_it_is_tried_again_later_and_later_and_then_lies_until_a_person_looks(shop: Shop, nine: datetime):
    deliver(nine)

    for minutes in range(12):
        stock_intake.take_waiting(nine + minutes * MINUTE)

    assert kept()[0] == ("dead", inbox.MAX_ATTEMPTS)
    with db.reading() as session:
        assert [each.message_id for each in inbox.unsettled(session)] == ["m1", "m3"]


def test_once_its_cause_is_mended_it_is_taken_in_under_its_own_id(shop: Shop, nine: datetime):
    deliver(nine)
    for minutes in range(12):
        stock_intake.take_waiting(nine + minutes * MINUTE)
    mend()

    with db.transaction() as session:
        for each in inbox.unsettled(session):
            inbox.replay(session, each.id, at=nine)
    stock_intake.take_waiting(nine)
    stock_intake.take_waiting(nine + 12 * MINUTE)

    assert [state for state, _ in kept()] == ["applied", "applied", "rejected"]
    with db.transaction() as session:
        assert on_hand(session, shop, shop.milk) == 9
        assert list(books.unexplained_claims(session)) == []


def test_a_source_that_numbers_an_old_id_anew_is_looked_at_closely(shop: Shop, nine: datetime):
    bread, other = sold(1, at=nine, sku="BREAD"), sold(2, "-3", at=nine, sku="BREAD")
    renumbered = Message(**{name: getattr(other, name) for name in Message.__slots__} | {"message_id": "m1"})

    states = [stock_intake.receive([each], at=nine, owner="till")[0].state for each in (bread, renumbered, bread)]

    assert states == ["applied", "quarantined", "duplicate"]
    with db.reading() as session:
        assert on_hand(session, shop, shop.bread) == 3


def test_what_had_its_effect_is_not_replayed(shop: Shop, nine: datetime):
    deliver(nine)
    with db.transaction() as session:
        applied = session.exec(select(InboxMessage).where(InboxMessage.state == InboxState.APPLIED)).one()
        with pytest.raises(NothingToReplay):
            inbox.replay(session, applied.id, at=nine)
