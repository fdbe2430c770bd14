"""What has lain long is sold first, when that is worth more than the way."""

from datetime import datetime, timedelta

import pytest
from sqlmodel import Session

from app.oms import arrival, inventory
from app.oms.inventory import Cause, Change, Reason
from app.rules import rule_version
from tests.oms.network import Network, open_network
from tests.oms.shop import Shop, two_milk


@pytest.fixture
def network(session: Session, shop: Shop) -> Network:
    return open_network(session, shop, milk=0, bread=0)


def bring(session: Session, network: Network, node_id: int, at: datetime, reason: Reason = Reason.RECEIPT) -> None:
    """Somebody told us today."""
    today = network.shop.opened_at + timedelta(minutes=1)
    cause = Cause(reason=reason, document=f"{reason}-{at}", actor="erp", occurred_at=at, recorded_at=today)
    units = 9 if reason == Reason.RECEIPT else -1
    inventory.record(session, [Change(item_id=network.shop.milk, node_id=node_id, on_hand=units)], cause)
    session.flush()


def test_old_stock_is_sent_first_and_a_sale_makes_it_no_younger(session: Session, network: Network):
    at = network.shop.opened_at
    rule_version.publish(session, kind="routing", scope="all", body={"per_day_of_age_minor": 10.0, "labour_minor": 900},
                         by="ops", at=at)  # fmt: skip
    bring(session, network, network.depot, at - timedelta(days=2))
    bring(session, network, network.vendor, at - timedelta(days=80))
    bring(session, network, network.vendor, at - timedelta(days=1), Reason.SALE)

    arrival.note(session)

    ages = arrival.age_days(session, [network.shop.milk], at=at)
    assert (ages[network.depot], ages[network.vendor]) == ({network.shop.milk: 2}, {network.shop.milk: 80})
    order = network.place(session, two_milk())
    assert {part.node_id for part in order.fulfilments} == {network.vendor}


def test_the_ledger_is_read_on_and_a_late_word_of_an_earlier_delivery_makes_nothing_older(
    session: Session, network: Network
):
    at = network.shop.opened_at
    bring(session, network, network.depot, at - timedelta(days=9))
    arrival.note(session)
    bring(session, network, network.depot, at - timedelta(days=3))
    arrival.note(session)
    bring(session, network, network.depot, at - timedelta(days=5))
    arrival.note(session)
    arrival.note(session)

    assert arrival.age_days(session, [network.shop.milk], at=at)[network.depot] == {network.shop.milk: 3}
