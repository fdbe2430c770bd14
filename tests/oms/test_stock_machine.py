"""Any day a shelf can have, beside a plain reckoning of it: promises, facts, holds that run out, keys sent again."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlmodel import Session, col, select

from app.oms import admission, books, expiry, inventory, reservation
from app.oms.admission import Request, Wish
from app.oms.balance import Balance
from app.oms.inventory import Change, Movement, Reason
from app.oms.reservation import Reservation, ReservationState
from tests.oms.shop import Shop, open_shop

ITEMS = ("milk", "bread")
units = st.integers(1, 6)
baskets = st.dictionaries(st.sampled_from(ITEMS), units, min_size=1)


@dataclass
class Hold:
    """What the reckoning knows of a granted basket."""

    left: dict[str, int]
    is_soft: bool
    expires_at: datetime


@dataclass
class Shelf:
    """The reckoning: numbers in dictionaries, nothing else."""

    on_hand: dict[str, int]
    unavailable: dict[str, int]
    holds: dict[str, Hold] = field(default_factory=dict)
    answers: dict[str, bool] = field(default_factory=dict)

    def reserved(self, item: str) -> int:
        return sum(hold.left.get(item, 0) for hold in self.holds.values())

    def sellable(self, item: str) -> int:
        """Fewer than no broken ones make no unit more."""
        return self.on_hand[item] - max(0, self.unavailable[item])

    def free(self, item: str) -> int:
        return self.sellable(item) - self.reserved(item)

    def let_go(self, items: set[str], at: datetime) -> None:
        for hold in self.holds.values():
            if hold.is_soft and hold.expires_at <= at:
                hold.left = {item: left for item, left in hold.left.items() if item not in items}


class AnyDay(RuleBasedStateMachine):
    """One example is one day; the test lends it a database and a morning."""

    session: Session
    nine: datetime

    @initialize()
    def open(self) -> None:
        self.undo = self.session.begin_nested()
        self.shop: Shop = open_shop(self.session, self.nine, milk=10, bread=4)
        self.at, self.asked = self.nine, 0
        self.shelf = Shelf({"milk": 10, "bread": 4}, {"milk": 0, "bread": 0})

    def teardown(self) -> None:
        if hasattr(self, "undo"):
            self.undo.rollback()
            self.session.expunge_all()

    def item(self, name: str) -> int:
        return self.shop.milk if name == "milk" else self.shop.bread

    def request(self, key: str, basket: dict[str, int], *, is_soft: bool) -> Request:
        wishes = tuple(Wish(item_id=self.item(name), node_id=self.shop.node_id, quantity=quantity)
                       for name, quantity in sorted(basket.items()))  # fmt: skip
        state = ReservationState.SOFT if is_soft else ReservationState.HARD
        return Request(key=key, wishes=wishes, state=state, document=key, actor="web", at=self.at,
                       expires_at=self.at + timedelta(minutes=10) if is_soft else None)  # fmt: skip

    @rule(asked=st.lists(st.tuples(baskets, st.booleans()), min_size=1, max_size=4))
    def reserve(self, asked: list[tuple[dict[str, int], bool]]) -> None:
        requests = []
        for basket, is_soft in asked:
            self.asked += 1
            requests.append((self.request(f"basket/{self.asked}", basket, is_soft=is_soft), basket, is_soft))
        verdicts = admission.admit(self.session, [request for request, _, _ in requests])
        self.reckon(requests)
        assert [verdict.is_granted for verdict in verdicts] == [self.shelf.answers[r.key] for r, _, _ in requests]

    def reckon(self, requests: list[tuple[Request, dict[str, int], bool]]) -> None:
        refused = [each for each in requests if not self.grant(*each)]
        if refused:
            self.shelf.let_go({name for _, basket, _ in requests for name in basket}, self.at)
            for each in refused:
                self.grant(*each)

    def grant(self, request: Request, basket: dict[str, int], is_soft: bool) -> bool:
        is_granted = all(self.shelf.free(name) >= quantity for name, quantity in basket.items())
        self.shelf.answers[request.key] = is_granted
        if is_granted:
            self.shelf.holds[request.key] = Hold(dict(basket), is_soft, request.expires_at or self.at)
        return is_granted

    @precondition(lambda self: self.asked)
    @rule(number=st.integers(1, 99), basket=baskets)
    def ask_again(self, number: int, basket: dict[str, int]) -> None:
        key = f"basket/{1 + number % self.asked}"
        verdict = admission.admit(self.session, [self.request(key, basket, is_soft=False)])[0]
        assert verdict.is_conflict or verdict.is_granted == self.shelf.answers[key]

    @rule(name=st.sampled_from(ITEMS), delta=st.integers(-5, 5).filter(bool))
    def a_fact_arrives(self, name: str, delta: int) -> None:
        inventory.record(self.session, [self.shop.stock(self.item(name), delta)], self.shop.cause())
        self.shelf.on_hand[name] += delta

    @rule(name=st.sampled_from(ITEMS), delta=st.integers(-2, 2).filter(bool))
    def some_break(self, name: str, delta: int) -> None:
        change = Change(item_id=self.item(name), node_id=self.shop.node_id, unavailable=delta)
        inventory.record(self.session, [change], self.shop.cause(Reason.DAMAGE))
        self.shelf.unavailable[name] += delta

    @rule(minutes=st.integers(1, 12))
    def time_passes(self, minutes: int) -> None:
        self.at += timedelta(minutes=minutes)

    @rule()
    def the_sweep_runs(self) -> None:
        expiry.sweep(self.session, expiry.run_out(self.session, self.at), at=self.at)
        self.shelf.let_go(set(ITEMS), self.at)

    @precondition(lambda self: self.shelf.holds)
    @rule(number=st.integers(0, 99), quantity=units, is_sold=st.booleans())
    def a_hold_is_used(self, number: int, quantity: int, is_sold: bool) -> None:
        key = sorted(self.shelf.holds)[number % len(self.shelf.holds)]
        for claim in self.session.exec(select(Reservation).where(col(Reservation.admission_key) == key)).all():
            name = "milk" if claim.item_id == self.shop.milk else "bread"
            left = self.shelf.holds[key].left.get(name, 0)
            assert claim.open_quantity == left
            if used := min(quantity, left):
                self.use(claim, used, is_sold=is_sold)
                self.shelf.holds[key].left[name] -= used
                self.shelf.on_hand[name] -= used if is_sold else 0

    def use(self, claim: Reservation, quantity: int, *, is_sold: bool) -> None:
        verb: Any = reservation.consume if is_sold else reservation.release
        verb(self.session, [(claim, quantity)], self.shop.cause(Reason.COLLECTED if is_sold else Reason.RELEASED))

    @invariant()
    def numbers_are_those_of_the_reckoning(self) -> None:
        for name in ITEMS if hasattr(self, "shop") else ():
            kept = inventory.balance_of(self.session, item_id=self.item(name), node_id=self.shop.node_id)
            assert isinstance(kept, Balance)
            shelf = self.shelf
            assert (kept.on_hand, kept.unavailable) == (shelf.on_hand[name], shelf.unavailable[name])
            assert kept.reserved == shelf.reserved(name)
            there = max(0, shelf.sellable(name))
            assert kept.shortfall == max(0, shelf.reserved(name) - there)

    @invariant()
    def books_add_up(self) -> None:
        if hasattr(self, "shop"):
            assert [*books.unexplained_balances(self.session), *books.unexplained_claims(self.session)] == []
            promised = select(Movement).where(Movement.reason == Reason.RESERVED, col(Movement.reserved) > 0)
            for row in self.session.exec(promised):
                assert row.reserved_after <= row.on_hand_after - row.unavailable_after - row.suppressed_after


def test_any_day_a_shelf_can_have(session: Session, nine: datetime):
    run_state_machine_as_test(
        type("Day", (AnyDay,), {"session": session, "nine": nine}),
        settings=settings(max_examples=25, stateful_step_count=20, deadline=None,
                          suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]),
    )  # fmt: skip
