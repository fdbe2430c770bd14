"""Rules: one holds at a time, what was published never changes, and an old one can be said again."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, col, select

from app import db
from app.oms.routing import Weights
from app.refusals import NotFound
from app.rules import rule_version
from app.rules.bodies import BODIES, Routing, RuleKind, RuleNotValid, SafetyStock
from app.rules.rule_events import RulesPublished, RulesWithdrawn
from app.rules.rule_version import RulesOverlap, RuleVersion

HOUR = timedelta(hours=1)
WHO = "associate/7"


def publish(session: Session, at: datetime, units: str = "2", scope: str = "all", **more: Any) -> RuleVersion:
    body = {"units": units}
    return rule_version.publish(session, kind="safety_stock", scope=scope, body=body, by=WHO, at=at, **more)


def roll_back(session: Session, at: datetime) -> RuleVersion:
    return rule_version.roll_back(session, kind="safety_stock", scope="all", by=WHO, at=at)


def units(session: Session, at: datetime, *scopes: str) -> str:
    return rule_version.in_force(session, SafetyStock, ["all", *scopes], at=at).body.units


def test_a_rule_holds_from_its_first_instant_until_the_next_one_begins(session: Session, nine: datetime):
    publish(session, nine, "2")
    publish(session, nine, "5", valid_from=nine + HOUR)

    held = [
        units(session, nine + after) for after in (-HOUR, timedelta(0), HOUR - timedelta(seconds=1), HOUR, 9 * HOUR)
    ]

    assert held == ["0", "2", "2", "5", "5"]


def test_a_narrower_rule_has_the_last_word_on_what_it_says_and_on_nothing_else(session: Session, nine: datetime):
    rule_version.publish(session, kind="safety_stock", scope="all", body={"units": "1", "more_when_stale": "4"},
                         by=WHO, at=nine)  # fmt: skip
    narrow = publish(session, nine, "3", scope="node:118")

    held = rule_version.in_force(session, SafetyStock, ["all", "node:118"], at=nine)

    assert (held.body.units, held.body.more_when_stale) == ("3", "4")
    assert held.version_ids[-1] == narrow.id
    assert units(session, nine, "node:204") == "1"


def test_every_change_of_the_rules_is_an_event_with_its_author(session: Session, nine: datetime, recorded):
    publish(session, nine)
    roll_back(session, nine + HOUR)

    assert [(event.number, event.actor) for event in recorded(RulesPublished)] == [(1, WHO)]
    assert [event.number for event in recorded(RulesWithdrawn)] == [1]


def test_rolling_back_says_the_version_before_again_step_by_step(session: Session, nine: datetime):
    for step, amount in enumerate(("1", "2", "3")):
        publish(session, nine + step * HOUR, amount)

    held = []
    for step in range(3, 6):
        roll_back(session, nine + step * HOUR)
        held.append(units(session, nine + step * HOUR))

    assert held == ["2", "1", "0"]
    assert session.exec(select(RuleVersion.restores).order_by(col(RuleVersion.number))).all() == [
        None,
        None,
        None,
        2,
        1,
    ]
    with pytest.raises(NotFound):
        roll_back(session, nine + 7 * HOUR)


def test_a_version_that_has_not_begun_is_taken_back_and_the_one_before_goes_on(session: Session, nine: datetime):
    publish(session, nine, "2")
    publish(session, nine, "5", valid_from=nine + 2 * HOUR)

    roll_back(session, nine + HOUR)

    assert units(session, nine + 3 * HOUR) == "2"
    assert publish(session, nine + HOUR, "7").number == 3


def test_two_versions_never_hold_at_once(session: Session, nine: datetime):
    publish(session, nine, "2", valid_from=nine + 2 * HOUR)

    with pytest.raises(RulesOverlap, match="Roll it back first"):
        publish(session, nine, "3", valid_from=nine + HOUR)
    with pytest.raises(RulesOverlap, match="in the past"):
        publish(session, nine, "3", scope="node:118", valid_from=nine - HOUR)


@pytest.mark.parametrize(
    ("kind", "scope", "body"),
    [
        ("safety_stock", "all", {"units": 2}), ("safety_stock", "all", {"units": "-1"}),
        ("safety_stock", "all", {"units": "1.2345"}), ("safety_stock", "all", {"unit": "1"}),
        ("safety_stock", "all", {"units": "9000000"}), ("safety_stock", "store:118", {"units": "1"}),
        ("safety_stock", "node:", {"units": "1"}), ("safety_stock", "node", {"units": "1"}),
        ("safety_stock", "all:x", {"units": "1"}), ("windows", "store:118", {"ack_s": 0}),
        ("windows", "item:x", {"ack_s": 60}), ("routing", "all", {"per_km_minor": float("nan")}),
        ("channel", "channel:web", {"publish_delay_s": -1}), ("weather", "all", {}),
    ],
)  # fmt: skip
def test_a_rule_nobody_could_follow_is_not_published(
    session: Session, nine: datetime, kind: str, scope: str, body: dict[str, Any]
):
    with pytest.raises(RuleNotValid):
        rule_version.publish(session, kind=kind, scope=scope, body=body, by=WHO, at=nine)

    assert session.exec(select(RuleVersion)).all() == []


@pytest.mark.parametrize("has_begun", [False, True])
def test_of_two_who_publish_at_once_one_is_told_of_the_other(database: db.Database, nine: datetime, has_begun: bool):
    both = Barrier(2)
    if has_begun:
        with db.transaction() as session:
            publish(session, nine - HOUR)

    def say(amount: str) -> bool:
        both.wait(10)
        try:
            with db.transaction() as session:
                publish(session, nine, amount)
        except RulesOverlap:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        said = list(pool.map(say, ("1", "2")))

    with db.reading() as session:
        held = rule_version.all_in_force(session, RuleKind.SAFETY_STOCK, at=nine)
    assert True in said
    assert len(held) == 1


@pytest.mark.parametrize("change", ["UPDATE rule_version SET body = '{}'", "DELETE FROM rule_version"])
def test_what_was_published_is_never_rewritten(session: Session, nine: datetime, change: str):
    publish(session, nine)

    with pytest.raises(DBAPIError, match="a published rule stays as it was"):
        session.connection().exec_driver_sql(change)


def test_the_house_routes_by_these_rules_until_others_are_published():
    said = Routing().model_dump()

    assert {name: said[name] for name in asdict(Weights())} == asdict(Weights())


def test_every_kind_of_rule_has_a_body():
    assert set(BODIES) == set(RuleKind)
