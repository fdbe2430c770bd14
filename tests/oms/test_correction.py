"""Counts and snapshots: whatever the order facts are heard in, the shelf ends up the same."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, select

from app.oms import books, correction, inventory
from app.oms.balance import Key
from app.oms.inventory import Cause, Change, Movement, Reason
from tests.oms.shop import Shop, open_shop


@dataclass(frozen=True)
class Said:
    """A sale or delivery of so many units, or a count of so many, at a minute of the morning."""

    minute: int
    units: int
    is_count: bool = False


def key_of(shop: Shop) -> Key:
    return shop.milk, shop.node_id


def hear(session: Session, shop: Shop, said: Sequence[Said], *, unsuppress: int = 0) -> list[int | None]:
    """All of it on one page; what the counts changed."""
    key = key_of(shop)
    counts = [(key, at(shop, each)) for each in said if each.is_count]
    reckoning = correction.open_reckoning(session, [key], counts)
    changed = []
    for each in said:
        cause = Cause(reason=Reason.COUNT if each.is_count else Reason.SALE, document="test", actor="till",
                      occurred_at=at(shop, each), recorded_at=shop.opened_at + timedelta(hours=5))  # fmt: skip
        if each.is_count:
            changed.append(reckoning.correct_to(key, each.units, at(shop, each), cause, unsuppress=unsuppress))
        else:
            reckoning.enter(shop.stock(shop.milk, each.units), cause)
    reckoning.save()
    return changed


def at(shop: Shop, said: Said) -> datetime:
    return shop.opened_at + timedelta(minutes=said.minute)


def on_hand(session: Session, shop: Shop) -> int:
    kept = inventory.balance_of(session, item_id=shop.milk, node_id=shop.node_id)
    assert kept is not None
    return kept.on_hand


def test_a_sale_after_the_count_is_not_counted_away(session: Session, shop: Shop):
    hear(session, shop, [Said(20, -1)])

    assert hear(session, shop, [Said(10, 8, is_count=True)]) == [-2]

    assert on_hand(session, shop) == 7


def test_a_sale_the_count_had_seen_moves_nothing_when_it_is_heard_at_last(session: Session, shop: Shop):
    hear(session, shop, [Said(10, 8, is_count=True)])

    hear(session, shop, [Said(5, -3)])

    assert on_hand(session, shop) == 8
    rows = session.exec(select(Movement.reason, Movement.on_hand).where(Movement.item_id == shop.milk)).all()
    assert rows[-2:] == [(Reason.SALE, -3), (Reason.ABSORBED, 3)]


def test_a_count_older_than_the_newest_one_changes_nothing(session: Session, shop: Shop):
    hear(session, shop, [Said(30, 8, is_count=True)])

    assert hear(session, shop, [Said(10, 2, is_count=True)]) == [None]

    assert on_hand(session, shop) == 8


def test_of_two_counts_of_one_instant_the_smaller_stands(session: Session, shop: Shop):
    hear(session, shop, [Said(10, 5, is_count=True), Said(10, 7, is_count=True)])
    assert on_hand(session, shop) == 5


def test_units_missed_before_the_count_are_held_back_no_longer(session: Session, shop: Shop):
    missing = Change(item_id=shop.milk, node_id=shop.node_id, suppressed=2)
    inventory.record(session, [missing], shop.cause(Reason.NOT_FOUND))
    key, before, later = key_of(shop), shop.opened_at - timedelta(hours=1), shop.opened_at + timedelta(minutes=10)

    reckoning = correction.open_reckoning(session, [], [(key, before), (key, later)])

    assert reckoning.missed_before(key, later) == 2
    assert reckoning.missed_before(key, before) == 0


def test_what_was_found_after_the_count_is_held_back_no_more_already(session: Session, shop: Shop):
    for minute, units in ((5, 2), (20, -1)):
        moved = Change(item_id=shop.milk, node_id=shop.node_id, suppressed=units)
        cause = replace(shop.cause(Reason.NOT_FOUND), occurred_at=at(shop, Said(minute, 0)))
        inventory.record(session, [moved], cause)
    counted = at(shop, Said(10, 0))

    assert correction.open_reckoning(session, [], [(key_of(shop), counted)]).missed_before(key_of(shop), counted) == 1


def test_a_correction_happened_when_it_was_counted_whenever_it_is_posted(session: Session, shop: Shop):
    counted, key = at(shop, Said(10, 0)), key_of(shop)
    reckoning = correction.open_reckoning(session, [], [(key, counted)])
    reckoning.correct_to(key, 8, counted, replace(shop.cause(Reason.COUNT), occurred_at=at(shop, Said(45, 0))))
    reckoning.save()

    assert session.exec(select(Movement.occurred_at).where(Movement.reason == Reason.COUNT)).one() == counted


minutes = st.integers(1, 20)
told = st.one_of(
    st.builds(Said, minutes, st.integers(-4, 4).filter(bool)),
    st.builds(Said, minutes, st.integers(0, 15), st.just(True)),
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(said=st.lists(told, min_size=1, max_size=8), pages=st.integers(1, 4), draw=st.data())
def test_any_order_of_sales_and_counts_ends_with_the_same_stock(
    session: Session, nine: datetime, said: list[Said], pages: int, draw: st.DataObject
):
    heard = draw.draw(st.permutations(said))
    with session.begin_nested() as example:
        shop = open_shop(session, nine)
        for start in range(0, len(heard), pages):
            hear(session, shop, heard[start : start + pages])

        assert on_hand(session, shop) == _as_it_was(said, opening=10)
        assert list(books.unexplained_balances(session)) == []
        example.rollback()


def _as_it_was(said: list[Said], *, opening: int) -> int:
    """The newest count, and what was sold after it."""
    counts = [each for each in said if each.is_count]
    newest = max(counts, key=lambda each: (each.minute, -each.units), default=Said(0, opening))
    return newest.units + sum(each.units for each in said if not each.is_count and each.minute > newest.minute)
