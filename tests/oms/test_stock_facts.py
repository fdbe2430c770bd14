"""Stock facts from outside: taken in once, in any order, never refused for want of stock."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session, select

from app.events import inbox
from app.events.inbox import InboxMessage, InboxState, Message
from app.events.quarantine import Quarantined
from app.oms import inventory, stock_facts, stock_words
from app.oms.inventory import Cause, Movement, NotEnoughStock, Reason
from tests.oms.shop import Shop

TILL = "/tills/014"


def told(number: int, kind: str = stock_words.ADJUSTED, *, at: datetime, numbered: bool = True, **data: Any) -> Message:
    content = {"node": "014", "sku": "MILK"} | data
    return Message(source=TILL, message_id=f"m{number}", type=kind, payload=inbox.written(content), occurred_at=at,
                   sequence=number if numbered else None)  # fmt: skip


def sold(number: int, units: str = "-1", *, at: datetime, **more: Any) -> Message:
    return told(number, at=at, **({"delta": units, "uom": "each", "reason": "sale"} | more))


def reported(number: int, quantity: str, *, at: datetime, **more: Any) -> Message:
    return told(number, stock_words.REPORTED, at=at, quantity=quantity, as_of=at.isoformat(), **more)


def take(session: Session, *messages: Message, at: datetime, owner: str = "till") -> list[str]:
    return [arrival.state for arrival in stock_facts.take(session, messages, at=at, owner=owner)]


def on_hand(session: Session, shop: Shop, item_id: int = 0) -> int:
    kept = inventory.balance_of(session, item_id=item_id or shop.milk, node_id=shop.node_id)
    assert kept is not None
    return kept.on_hand


def test_a_sale_at_the_till_moves_stock_and_says_why(session: Session, shop: Shop, nine: datetime):
    assert take(session, sold(1, "-3", at=nine), at=nine) == ["applied"]

    assert on_hand(session, shop) == 7
    row = session.exec(select(Movement).where(Movement.reason == Reason.SALE)).one()
    assert (row.on_hand, row.actor, row.document, row.occurred_at) == (-3, TILL, "message/m1", nine)
    kept = session.exec(select(InboxMessage)).one()
    assert (kept.state, kept.applied_at, kept.due_at) == (InboxState.APPLIED, nine, None)


def test_a_sale_of_more_than_there_is_happened_all_the_same(session: Session, shop: Shop, nine: datetime):
    assert take(session, sold(1, "-13", at=nine), at=nine) == ["applied"]
    assert on_hand(session, shop) == -3


def test_what_is_sent_again_has_no_second_effect_and_is_counted(session: Session, shop: Shop, nine: datetime):
    sale = sold(1, at=nine)

    assert take(session, sale, sale, at=nine) == ["applied", "duplicate"]
    assert take(session, sale, sale, at=nine) == ["duplicate", "duplicate"]

    assert on_hand(session, shop) == 9
    assert session.exec(select(InboxMessage.repeats)).one() == 3


def test_the_same_content_under_a_new_id_but_the_old_number_has_no_second_effect(
    session: Session, shop: Shop, nine: datetime
):
    again = Message(**{name: getattr(sold(1, at=nine), name) for name in Message.__slots__} | {"message_id": "again"})

    assert take(session, sold(1, at=nine), again, at=nine) == ["applied", "duplicate"]
    assert take(session, again, at=nine) == ["duplicate"]

    assert on_hand(session, shop) == 9


@pytest.mark.parametrize("number", [1, 2], ids=["under its own number", "under another"])
def test_an_id_used_for_another_content_goes_to_quarantine(session: Session, shop: Shop, nine: datetime, number: int):
    take(session, sold(1, at=nine), at=nine)
    other = Message(**{n: getattr(sold(number, "-5", at=nine), n) for n in Message.__slots__} | {"message_id": "m1"})

    assert take(session, other, other, at=nine) == ["quarantined", "quarantined"]

    assert on_hand(session, shop) == 9
    assert session.exec(select(Quarantined.message_id)).one() == "m1"


def test_a_number_used_for_another_content_goes_to_quarantine(session: Session, shop: Shop, nine: datetime):
    take(session, sold(1, at=nine), at=nine)
    other = Message(**{n: getattr(sold(1, "-5", at=nine), n) for n in Message.__slots__} | {"message_id": "m2"})

    assert take(session, other, at=nine) == ["quarantined"]
    assert on_hand(session, shop) == 9


def test_a_source_speaks_through_one_system_only(session: Session, shop: Shop, nine: datetime):
    take(session, sold(1, at=nine), at=nine)

    assert take(session, sold(2, at=nine), at=nine, owner="somebody else") == ["quarantined"]
    assert on_hand(session, shop) == 9


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"sku": "GOLD"}, "no item GOLD"),
        ({"node": "999"}, "no node 999"),
        ({"uom": "kg"}, "counted in each"),
        ({"delta": "0"}, "nothing"),
        ({"delta": "-0.5"}, "decimals"),
        ({"delta": "1e3"}, "delta"),
        ({"delta": "NaN"}, "delta"),
        ({"delta": "9999999"}, "counted in each"),
        ({"delta": None}, "delta"),
        ({"delta": True}, "delta"),
        ({"reason": "theft"}, "reason"),
        ({"uom": ""}, "uom"),
        ({"sku": "MI\0LK"}, "sku"),
        ({"sku": "MILK\n"}, "sku"),
    ],
)
def test_what_makes_no_sense_is_rejected_with_words_and_takes_no_other_with_it(
    session: Session, shop: Shop, nine: datetime, wrong: dict[str, Any], words: str
):
    arrivals = stock_facts.take(session, [sold(1, at=nine, **wrong), sold(2, at=nine)], at=nine, owner="till")

    assert [arrival.state for arrival in arrivals] == ["rejected", "applied"]
    assert words in arrivals[0].words
    assert on_hand(session, shop) == 9
    assert take(session, sold(1, at=nine, **wrong), at=nine) == ["duplicate"]


def test_a_count_from_the_future_is_not_believed(session: Session, shop: Shop, nine: datetime):
    early = reported(1, "3", at=nine + timedelta(hours=1))
    assert take(session, early, at=nine) == ["rejected"]
    assert on_hand(session, shop) == 10


def test_a_sale_at_a_till_whose_clock_is_fast_happened_all_the_same(session: Session, shop: Shop, nine: datetime):
    assert take(session, sold(1, at=nine + timedelta(days=1)), at=nine) == ["applied"]

    moved = select(Movement.occurred_at).where(Movement.reason == Reason.SALE)
    assert session.exec(moved).one() == nine
    assert session.exec(select(InboxMessage.occurred_at)).one() == nine + timedelta(days=1)
    assert take(session, reported(2, "9", at=nine + timedelta(minutes=1)), at=nine + timedelta(minutes=1)) == [
        "applied"
    ]
    assert on_hand(session, shop) == 9


def test_a_snapshot_older_than_the_newest_one_is_kept_and_ignored(session: Session, shop: Shop, nine: datetime):
    newer, older = reported(1, "6", at=nine), reported(2, "2", at=nine - timedelta(hours=1))

    assert take(session, newer, at=nine) == ["applied"]
    assert take(session, older, at=nine) == ["stale"]

    assert on_hand(session, shop) == 6


def test_damaged_goods_are_there_and_not_for_sale(session: Session, shop: Shop, nine: datetime):
    take(session, sold(1, "-2", reason="damage", at=nine), at=nine)

    kept = inventory.balance_of(session, item_id=shop.milk, node_id=shop.node_id)
    assert kept is not None
    assert (kept.on_hand, kept.unavailable, kept.free) == (10, 2, 8)


def test_a_damage_undone_before_it_was_heard_of_makes_no_unit_more(session: Session, shop: Shop, nine: datetime):
    take(session, sold(2, "2", reason="damage", at=nine), at=nine)

    kept = inventory.balance_of(session, item_id=shop.milk, node_id=shop.node_id)
    assert kept is not None
    assert (kept.unavailable, kept.free, kept.shortfall) == (-2, 10, 0)
    with pytest.raises(NotEnoughStock):
        inventory.promise(session, [shop.reserve(shop.milk, 11)], shop.cause(Reason.RESERVED))

    take(session, sold(1, "-2", reason="damage", at=nine), at=nine)
    session.refresh(kept)
    assert (kept.unavailable, kept.free) == (0, 10)


def test_weighed_goods_are_counted_in_their_smallest_part(session: Session, shop: Shop, nine: datetime):
    from app.oms.item import Item

    ham = Item(sku="HAM", name="Ham", unit="kg", decimals=3)
    session.add(ham)
    session.flush()

    states = take(session, told(1, sku="HAM", delta="0.350", uom="kg", reason="receipt", at=nine),
                  told(2, sku="HAM", delta="0.0005", uom="kg", reason="receipt", at=nine), at=nine)  # fmt: skip

    assert states == ["applied", "rejected"]
    assert on_hand(session, shop, ham.id) == 350


def test_a_message_that_had_more_or_less_than_its_effect_is_found(session: Session, shop: Shop, nine: datetime):
    take(session, reported(1, "8", at=nine), sold(2, at=nine - timedelta(hours=1)), sold(3, sku="GOLD", at=nine),
         sold(4, at=nine), sold(5, "-2", reason="damage", at=nine), at=nine)  # fmt: skip
    assert list(stock_facts.untrue(session)) == []

    lost, twice, sneaked = (inbox_row(session, number) for number in (3, 4, 2))
    lost.state, sneaked.state = InboxState.APPLIED, InboxState.REJECTED
    cause = Cause(reason=Reason.SALE, document="message/m4", actor=TILL, occurred_at=nine, recorded_at=nine)
    inventory.record(session, [shop.stock(shop.bread, -1)], cause)

    found = sorted(stock_facts.untrue(session))
    assert [sentence.split()[1] for sentence in found] == ["m2", "m3", "m4"]
    assert twice.state == InboxState.APPLIED


def inbox_row(session: Session, number: int) -> InboxMessage:
    return session.exec(select(InboxMessage).where(InboxMessage.message_id == f"m{number}")).one()


def test_nothing_told_at_all_is_nothing_done(session: Session, nine: datetime):
    assert take(session, at=nine) == []
