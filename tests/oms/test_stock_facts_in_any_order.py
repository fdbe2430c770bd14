"""However often, in whatever order and in how many deliveries facts arrive, the shelf ends up the same."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, func, select

from app import db
from app.events import sequence
from app.events.inbox import InboxMessage, Message
from app.oms import books, inventory, stock_facts, stock_intake
from tests.oms.shop import Shop, open_shop
from tests.oms.test_stock_facts import TILL, reported, sold, take

AT_ONCE = 8


@dataclass(frozen=True)
class Fact:
    """A sale, a delivery, a breakage or a count, at a minute of the morning."""

    minute: int
    units: int
    kind: str

    def message(self, number: int, nine: datetime) -> Message:
        at = nine + timedelta(minutes=self.minute)
        if self.kind == "count":
            return reported(number, str(self.units), at=at)
        return sold(number, str(self.units), reason=self.kind, at=at)


minutes = st.integers(1, 20)
facts = st.one_of(
    st.builds(Fact, minutes, st.integers(-4, 4).filter(bool), st.sampled_from(["sale", "receipt", "damage"])),
    st.builds(Fact, minutes, st.integers(-2, 15), st.just("count")),
)


def stood(session: Session, shop: Shop) -> tuple[int, int]:
    kept = inventory.balance_of(session, item_id=shop.milk, node_id=shop.node_id)
    assert kept is not None
    return kept.on_hand, kept.unavailable


def as_it_was(told: Sequence[Fact], *, opening: int) -> tuple[int, int]:
    """The newest count, the smaller of two about one instant, and what was sold and delivered after it."""
    counts = [fact for fact in told if fact.kind == "count"]
    newest = max(counts, key=lambda fact: (fact.minute, -fact.units), default=Fact(0, opening, "count"))
    moved = [fact for fact in told if fact.kind in {"sale", "receipt"} and fact.minute > newest.minute]
    return newest.units + sum(fact.units for fact in moved), -sum(f.units for f in told if f.kind == "damage")


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(told=st.lists(facts, min_size=1, max_size=8), data=st.data())
def test_any_order_and_any_repeats_end_as_one_delivery_in_order_does(
    session: Session, nine: datetime, told: list[Fact], data: st.DataObject
):
    messages = [fact.message(number, nine) for number, fact in enumerate(told, 1)]
    again = data.draw(st.lists(st.sampled_from(messages), max_size=6), label="sent again")
    heard = data.draw(st.permutations(messages + again), label="as heard")
    bite = data.draw(st.integers(1, 5), label="in deliveries of")
    at = nine + timedelta(hours=1)
    with session.begin_nested() as example:
        shop = open_shop(session, nine)
        states = [state for n in range(0, len(heard), bite) for state in take(session, *heard[n : n + bite], at=at)]
        session.flush()

        assert stood(session, shop) == as_it_was(told, opening=10)
        assert list(books.unexplained_balances(session)) == []
        assert list(stock_facts.untrue(session)) == []
        assert states.count("duplicate") == len(again)
        assert set(states) <= {"applied", "duplicate", "stale"}
        assert session.exec(select(func.sum(InboxMessage.repeats))).one() == len(again)
        assert sequence.open_gaps(session, TILL) == []
        example.rollback()


def test_one_delivery_sent_many_times_at_once_is_taken_in_once(database: db.Database, nine: datetime):
    with db.transaction() as session:
        shop = open_shop(session, nine)
    batch = [sold(number, at=nine) for number in range(1, 21)]

    def deliver(turn: int) -> list[str]:
        mine = batch if turn % 2 else batch[::-1]
        return [arrival.state for arrival in stock_intake.receive(mine, at=nine, owner="till")]

    with ThreadPoolExecutor(AT_ONCE) as pool:
        states = [state for delivery in pool.map(deliver, range(AT_ONCE)) for state in delivery]

    assert (states.count("applied"), states.count("duplicate")) == (20, 20 * (AT_ONCE - 1))
    with db.reading() as session:
        assert stood(session, shop)[0] == 10 - 20
        assert list(books.unexplained_balances(session)) == []


def test_tills_and_orders_at_once_do_not_wait_for_each_other_in_a_circle(database: db.Database, nine: datetime):
    with db.transaction() as session:
        shop = open_shop(session, nine, milk=500, bread=500)

    def act(turn: int) -> None:
        if turn % 3 == 0:
            with db.transaction() as session:
                inventory.promise(session, [shop.reserve(shop.milk, 1), shop.reserve(shop.bread, 1)], shop.cause())
            return
        skus = ["MILK", "BREAD"] if turn % 2 else ["BREAD", "MILK"]
        batch = [sold(2 * turn + n, at=nine, sku=sku, numbered=False) for n, sku in enumerate(skus)]
        sources = [f"/tills/{turn % 2}", f"/tills/{(turn + 1) % 2}"]
        said = [Message(**{name: getattr(each, name) for name in Message.__slots__} | {"source": source})
                for each, source in zip(batch, sources, strict=True)]  # fmt: skip
        assert {arrival.state for arrival in stock_intake.receive(said, at=nine, owner="till")} == {"applied"}

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(act, range(6 * AT_ONCE)))

    with db.reading() as session:
        assert list(books.unexplained_balances(session)) == []
