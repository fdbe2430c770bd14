"""Any day of a channel that is told: each number under one version, versions only grow, and the last word is true."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, col, select

from app.events.outbox import OutboxMessage
from app.oms import availability, channel, inventory, push
from app.oms.availability import Ats
from app.oms.channel import Channel
from tests.oms.shop import Shop, open_shop

happenings = st.one_of(
    st.tuples(st.just("moves"), st.integers(-8, 8).filter(bool)),
    st.tuples(st.just("is_worked_out"), st.none()),
    st.tuples(st.just("is_posted"), st.none()),
    st.tuples(st.just("passes"), st.integers(1, 40)),
    st.tuples(st.just("is_acknowledged"), st.integers(0, 9)),
    st.tuples(st.just("is_told_anew"), st.none()),
)


@dataclass
class Day:
    """One example; the reckoning keeps what stood there under each version."""

    session: Session
    shop: Shop
    web: Channel
    at: datetime
    on_hand: int = 10
    true: dict[int, int] = field(default_factory=dict)
    acknowledged: int = 0

    @property
    def number(self) -> Ats:
        kept = select(Ats).where(Ats.item_id == self.shop.milk).execution_options(populate_existing=True)
        return self.session.exec(kept).one()

    @property
    def posted(self) -> list[Mapping[str, Any]]:
        said = select(OutboxMessage.payload).where(OutboxMessage.topic == push.TOPIC).order_by(col(OutboxMessage.id))
        return [payload for payload in self.session.exec(said) if payload["sku"] == "MILK"]

    def moves(self, units: int) -> None:
        inventory.record(self.session, [self.shop.stock(self.shop.milk, units)], self.shop.cause())
        self.on_hand += units

    def is_worked_out(self, _: None) -> None:
        availability.catch_up(self.session, at=self.at)
        assert self.true.setdefault(self.number.version, max(0, self.on_hand)) == max(0, self.on_hand)

    def is_posted(self, _: None) -> None:
        push.post_due(self.session, at=self.at)

    def passes(self, seconds: int) -> None:
        self.at += timedelta(seconds=seconds)

    def is_acknowledged(self, number: int) -> None:
        for said in self.posted[number : number + 1]:
            push.acknowledge(self.session, [said])
            self.acknowledged = max(self.acknowledged, said["version"])

    def is_told_anew(self, _: None) -> None:
        """The same number under a version of its own, and before anybody has worked out what moved since."""
        known = self.true[self.number.version]
        push.tell_all(self.session, self.web, at=self.at)
        self.true[self.number.version] = known

    def check(self) -> None:
        said, kept = self.posted, self.number
        assert all(one["version"] < following["version"] for one, following in pairwise(said))
        assert [int(each["quantity"]) for each in said] == [self.true[each["version"]] for each in said]
        assert kept.acked_version == self.acknowledged
        is_newest = [each["version"] == kept.pushed_version for each in said]
        worth = [newest and each["version"] > self.acknowledged for newest, each in zip(is_newest, said, strict=True)]
        assert push.worth_sending(self.session, said) == worth


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(day=st.lists(happenings, max_size=20))
def test_each_number_is_told_under_one_version_and_the_last_word_is_true(
    session: Session, nine: datetime, day: list[tuple[str, Any]]
):
    with session.begin_nested() as example:
        shop = open_shop(session, nine)
        web = channel.open_channel(
            session, Channel(code="web", name="Web", is_pushed=True, publish_delay_s=20, guard_band=3)
        )
        lived = Day(session, shop, web, nine)
        lived.is_worked_out(None)
        for act, said in day:
            getattr(lived, act)(said)
            lived.check()
        for act, said in (("is_worked_out", None), ("passes", 60), ("is_posted", None)):
            getattr(lived, act)(said)
        lived.check()

        assert int(lived.posted[-1]["quantity"]) == max(0, lived.on_hand)
        example.rollback()
