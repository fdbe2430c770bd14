"""Any day a shelf can have, beside a plain reckoning of it: promises, facts, holds that run out, keys sent again."""

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
from tests.oms.reckoning import Hold, Shelf
from tests.oms.shop import Shop, open_shop

ITEMS = ("milk", "bread")
ALIVE = {ReservationState.SOFT, ReservationState.HARD}
SOLD, BACK, LET_GO, MISSED, FOUND = "sold", "taken back", "let go", "missed", "found"
units = st.integers(1, 6)
baskets = st.dictionaries(st.sampled_from(ITEMS), units, min_size=1)
Asked = tuple[dict[str, int], bool, bool]


class AnyDay(RuleBasedStateMachine):
    """One example is one day; the test lends it a database and a morning."""

    session: Session
    nine: datetime

    @initialize()
    def open(self) -> None:
        self.undo = self.session.begin_nested()
        self.shop: Shop = open_shop(self.session, self.nine, milk=10, bread=4)
        self.balance("bread").safety = 1
        self.session.flush()
        self.at, self.asked, self.ended = self.nine, 0, dict[int, ReservationState]()
        none = dict.fromkeys(ITEMS, 0)
        self.shelf = Shelf({"milk": 10, "bread": 4}, dict(none), dict(none), none | {"bread": 1})

    def teardown(self) -> None:
        if hasattr(self, "undo"):
            self.undo.rollback()
            self.session.expunge_all()

    def item(self, name: str) -> int:
        return self.shop.milk if name == "milk" else self.shop.bread

    def balance(self, name: str) -> Balance:
        kept = inventory.balance_of(self.session, item_id=self.item(name), node_id=self.shop.node_id)
        assert kept is not None
        return kept

    def claims(self) -> list[Reservation]:
        every = select(Reservation).where(col(Reservation.node_id) == self.shop.node_id).order_by(col(Reservation.id))
        return list(self.session.exec(every.execution_options(populate_existing=True)))

    def request(self, key: str, asked: Asked) -> Request:
        """What is paid for runs out never, whatever its basket's time was."""
        basket, is_soft, is_counter = asked
        wishes = tuple(Wish(item_id=self.item(name), node_id=self.shop.node_id, quantity=quantity)
                       for name, quantity in sorted(basket.items()))  # fmt: skip
        state = ReservationState.SOFT if is_soft else ReservationState.HARD
        return Request(key=key, wishes=wishes, state=state, document=key, actor="web", at=self.at,
                       expires_at=self.at + timedelta(minutes=10), keeps_safety=not is_counter)  # fmt: skip

    @rule(asked=st.lists(st.tuples(baskets, st.booleans(), st.booleans()), min_size=1, max_size=4))
    def reserve(self, asked: list[Asked]) -> None:
        requests = {}
        for each in asked:
            self.asked += 1
            requests[f"basket/{self.asked}"] = each
        verdicts = admission.admit(self.session, [self.request(key, each) for key, each in requests.items()])
        refused = [(key, each) for key, each in requests.items() if not self.grant(key, each)]
        if refused:
            self.shelf.let_go({name for basket, *_ in asked for name in basket}, self.at)
            for key, each in refused:
                self.grant(key, each)
        assert [verdict.is_granted for verdict in verdicts] == [self.shelf.answers[key] for key in requests]

    def grant(self, key: str, asked: Asked) -> bool:
        basket, is_soft, is_counter = asked
        free = {name: self.shelf.free(name, is_counter=is_counter) for name in basket}
        is_granted = all(free[name] >= quantity for name, quantity in basket.items())
        self.shelf.answers[key] = is_granted
        if is_granted:
            self.shelf.holds[key] = Hold(dict(basket), is_soft, self.at + timedelta(minutes=10))
        return is_granted

    @precondition(lambda self: self.asked)
    @rule(number=st.integers(1, 99), basket=baskets)
    def ask_again(self, number: int, basket: dict[str, int]) -> None:
        key, before = f"basket/{1 + number % self.asked}", len(self.claims())
        verdict = admission.admit(self.session, [self.request(key, (basket, False, False))])[0]
        assert verdict.is_conflict or verdict.is_granted == self.shelf.answers[key]
        assert len(self.claims()) == before

    @rule(name=st.sampled_from(ITEMS), delta=st.integers(-5, 5).filter(bool))
    def a_fact_arrives(self, name: str, delta: int) -> None:
        inventory.record(self.session, [self.shop.stock(self.item(name), delta)], self.shop.cause())
        self.shelf.on_hand[name] += delta

    @rule(name=st.sampled_from(ITEMS), delta=st.integers(-2, 4).filter(bool))
    def some_break(self, name: str, delta: int) -> None:
        change = Change(item_id=self.item(name), node_id=self.shop.node_id, unavailable=delta)
        inventory.record(self.session, [change], self.shop.cause(Reason.DAMAGE))
        self.shelf.unavailable[name] += delta

    @rule(minutes=st.integers(1, 12))
    def time_passes(self, minutes: int) -> None:
        self.at += timedelta(minutes=minutes)

    @rule()
    def the_sweep_runs(self) -> None:
        due = set(expiry.run_out(self.session, self.at))
        assert due <= {(self.item(name), self.shop.node_id) for name in ITEMS for hold in self.shelf.holds.values()
                       if hold.is_soft and hold.expires_at <= self.at and hold.left.get(name)}  # fmt: skip
        expiry.sweep(self.session, due, at=self.at)
        self.shelf.let_go(set(ITEMS), self.at)

    @precondition(lambda self: self.shelf.holds)
    @rule(number=st.integers(0, 99), quantity=units, how=st.sampled_from([SOLD, BACK, LET_GO, MISSED, FOUND]))
    def a_hold_is_used(self, number: int, quantity: int, how: str) -> None:
        key = sorted(self.shelf.holds)[number % len(self.shelf.holds)]
        hold = self.shelf.holds[key]
        for claim in self.claims() if how in {SOLD, LET_GO} or not hold.is_soft else ():
            name = "milk" if claim.item_id == self.shop.milk else "bread"
            if claim.admission_key == key:
                self.use(claim, min(quantity, getattr(hold, FROM[how])[name]), how)
                self.reckon(hold, name, min(quantity, getattr(hold, FROM[how])[name]), how)

    def use(self, claim: Reservation, quantity: int, how: str) -> None:
        cause, session = self.shop.cause(), self.session
        verbs: dict[str, Any] = {SOLD: reservation.consume, BACK: reservation.unconsume, LET_GO: reservation.release}
        if quantity and how in {BACK, FOUND}:
            self.ended.pop(claim.id, None)
        if quantity and how in verbs:
            verbs[how](session, [(claim, quantity)], cause)
        elif quantity:
            {MISSED: reservation.suppress, FOUND: reservation.unsuppress}[how](session, claim, quantity, cause)

    def reckon(self, hold: Hold, name: str, quantity: int, how: str) -> None:
        getattr(hold, FROM[how])[name] -= quantity
        if how in TO:
            getattr(hold, TO[how])[name] += quantity
        self.shelf.on_hand[name] += {SOLD: -quantity, BACK: quantity}.get(how, 0)
        self.shelf.suppressed[name] += {MISSED: quantity, FOUND: -quantity}.get(how, 0)

    @invariant()
    def numbers_are_those_of_the_reckoning(self) -> None:
        for name in ITEMS if hasattr(self, "shop") else ():
            kept, shelf = self.balance(name), self.shelf
            assert (kept.on_hand, kept.unavailable) == (shelf.on_hand[name], shelf.unavailable[name])
            assert (kept.reserved, kept.suppressed) == (shelf.reserved(name), shelf.suppressed[name])
            assert (kept.shortfall, kept.free) == (shelf.shortfall(name), max(0, shelf.free(name, is_counter=False)))

    @invariant()
    def every_unit_granted_is_open_used_or_given_back_and_an_end_is_final(self) -> None:
        for claim in self.claims() if hasattr(self, "shop") else ():
            hold, name = (
                self.shelf.holds[str(claim.admission_key)],
                "milk" if claim.item_id == self.shop.milk else "bread",
            )
            assert (claim.quantity, claim.consumed) == (hold.granted[name], hold.sold[name])
            assert claim.open_quantity == hold.left[name]
            if claim.state not in ALIVE:
                assert self.ended.setdefault(claim.id, claim.state) == claim.state
            assert claim.state in ALIVE or not claim.open_quantity

    @invariant()
    def books_add_up(self) -> None:
        if hasattr(self, "shop"):
            assert [*books.unexplained_balances(self.session), *books.unexplained_claims(self.session)] == []
            promised = select(Movement).where(Movement.reason == Reason.RESERVED, col(Movement.reserved) > 0)
            for row in self.session.exec(promised):
                assert row.reserved_after <= row.on_hand_after - row.unavailable_after - row.suppressed_after


FROM = {SOLD: "left", BACK: "sold", LET_GO: "left", MISSED: "left", FOUND: "missed"}
TO = {SOLD: "sold", BACK: "left", MISSED: "missed", FOUND: "left"}
"""Out of which of a hold's numbers a unit goes, and into which."""


def test_any_day_a_shelf_can_have(session: Session, nine: datetime):
    run_state_machine_as_test(
        type("Day", (AnyDay,), {"session": session, "nine": nine}),
        settings=settings(max_examples=15, stateful_step_count=20, deadline=None,
                          suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]),
    )  # fmt: skip
