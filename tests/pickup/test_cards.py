from datetime import datetime

import pytest
from sqlmodel import Session, select

from app.oms.item import Item
from app.pickup import card, staging
from app.pickup.staging import LocationKind, StagingLocation
from tests.notices.counter import Counter
from tests.oms.shop import bread, two_milk

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_a_picked_bag_is_sent_to_the_emptiest_shelf(session: Session, nine: datetime, counter: Counter):
    counter.stage(session, counter.place(session, at=nine), at=nine, shelf="S-01")
    order = counter.place(session, at=nine, external_id="A-2")

    assert _suggested(session, counter, order, nine) is None
    counter.pick(session, order, at=nine)

    assert _suggested(session, counter, order, nine) == "S-02"


def test_a_full_shelf_is_never_suggested(session: Session, nine: datetime, counter: Counter):
    for shelf in session.exec(select(StagingLocation)):
        shelf.capacity = 1
    for number, code in enumerate(("S-01", "S-02")):
        counter.stage(session, counter.place(session, at=nine, external_id=f"B-{number}"), at=nine, shelf=code)
    order = counter.place(session, at=nine)
    counter.pick(session, order, at=nine)

    assert _suggested(session, counter, order, nine) is None
    assert staging.free_places(session, order.pickup_store_id) == 0


def test_cold_goods_are_sent_to_a_cold_shelf(session: Session, nine: datetime, counter: Counter):
    session.add(StagingLocation(store_id=counter.shop.node_id, code="F-01", kind=LocationKind.COLD))
    session.exec(select(Item).where(Item.sku == "MILK")).one().is_cold = True
    cold, dry = (
        counter.place(session, two_milk(), at=nine),
        counter.place(session, bread(1), at=nine, external_id="C-2"),
    )
    for order in (cold, dry):
        counter.pick(session, order, at=nine)

    assert [_suggested(session, counter, order, nine) for order in (cold, dry)] == ["F-01", "S-01"]


def _suggested(session: Session, counter: Counter, order, at: datetime) -> str | None:
    session.flush()
    drawn = card.of_task(session, counter.task(session, order).id, at=at)
    assert drawn is not None
    return drawn.suggested_shelf
