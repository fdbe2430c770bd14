"""Safety stock: by the narrowest rule, more while a source is silent, and none of it promised elsewhere."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlmodel import Session, select

from app.events import sequence
from app.oms import availability, freshness, inventory, rule_effects, safety
from app.oms.item import Item
from app.rules import rule_version
from tests.oms.shop import Shop

HOUR = timedelta(hours=1)
Rule = Callable[..., int]


@pytest.fixture
def rule(session: Session, nine: datetime) -> Rule:
    def publish(scope: str, at: datetime = nine, **body: str) -> int:
        return rule_version.publish(session, kind="safety_stock", scope=scope, body=body, by="test", at=at).id

    return publish


def settle(session: Session, at: datetime) -> None:
    for version_id in rule_version.effect_due(session, at):
        rule_effects.take_effect(session, version_id, at=at)
    while availability.catch_up(session, at=at):
        pass


def kept(session: Session, shop: Shop, item_id: int) -> tuple[int, int]:
    found = inventory.balance_of(session, item_id=item_id, node_id=shop.node_id)
    assert found is not None
    return found.safety, found.safety_rule


def test_the_narrowest_rule_decides_what_is_kept_back_and_is_named(
    session: Session, shop: Shop, nine: datetime, rule: Rule
):
    said = {scope: rule(scope, units=str(units)) for units, scope in enumerate(
        ("all", "kind:store", "node:014", "item:MILK", "item:MILK@node:014"), 1)}  # fmt: skip

    settle(session, nine)

    assert kept(session, shop, shop.milk) == (5, said["item:MILK@node:014"])
    assert kept(session, shop, shop.bread) == (3, said["node:014"])


def test_a_rule_that_begins_later_is_followed_from_then_on(session: Session, shop: Shop, nine: datetime, rule: Rule):
    rule("all", units="1")
    later = rule_version.publish(session, kind="safety_stock", scope="all", body={"units": "3"}, by="test", at=nine,
                                 valid_from=nine + HOUR)  # fmt: skip
    seen = []
    for at in (nine, nine + HOUR / 2, nine + HOUR):
        settle(session, at)
        seen.append(kept(session, shop, shop.milk)[0])

    assert seen == [1, 1, 3]
    assert kept(session, shop, shop.milk)[1] == later.id


def test_rolling_a_rule_back_gives_its_stock_to_sale_again(session: Session, shop: Shop, nine: datetime, rule: Rule):
    rule("all", units="3")
    settle(session, nine)

    rule_version.roll_back(session, kind="safety_stock", scope="all", by="test", at=nine + HOUR)
    settle(session, nine + HOUR)

    assert kept(session, shop, shop.milk) == (0, 0)


def test_half_a_kilo_is_kept_back_in_grams_and_half_a_bottle_is_a_bottle(
    session: Session, shop: Shop, nine: datetime, rule: Rule
):
    cheese = session.exec(select(Item).where(Item.id == shop.bread)).one()
    cheese.unit, cheese.decimals = "kg", 3
    rule("all", units="0.5")

    settle(session, nine)

    assert (kept(session, shop, shop.milk)[0], kept(session, shop, shop.bread)[0]) == (1, 500)


def test_a_node_whose_source_falls_silent_keeps_more_back_until_it_speaks_again(
    session: Session, shop: Shop, nine: datetime, rule: Rule
):
    rule("all", units="1", more_when_stale="2")
    session.add(sequence.SourceCursor(source="till", owner="test", lowest=0, highest=0))
    session.flush()
    seen = []
    for at, speaks in ((nine, True), (nine + HOUR, False), (nine + 2 * HOUR, True)):
        if speaks:
            session.merge(freshness.Heard(node_id=shop.node_id, source="till", heard_at=at, occurred_at=at))
        safety.listen(session, at=at)
        settle(session, at)
        seen.append(kept(session, shop, shop.milk)[0])

    assert seen == [1, 3, 1]
    assert safety.listen(session, at=nine + 2 * HOUR) == 0
