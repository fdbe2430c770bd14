"""Our books beside another system's: what explains a difference, what is put right, and what a person is asked."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from app import db
from app.events.log import Event
from app.events.sequence import SourceGap
from app.oms import books, correction, inventory, posting, reconciling
from app.oms.inventory import Cause, Movement, Reason
from app.oms.item import Item
from app.oms.recon import ReconItem, ReconRun
from app.oms.reconciling import Report
from app.oms.statement import Line, Statement, lines_of
from app.refusals import Unreadable
from app.rules import rule_version
from tests.oms.shop import Shop, open_shop
from tests.oms.test_stock_facts import sold, take

ERP = "erp"


@pytest.fixture
def shop(database: db.Database, nine: datetime) -> Shop:
    """Ten milk, four bread at nine; the back office is told from then on."""
    with db.transaction() as session:
        posting.open_office(session, ERP, at=nine)
        return open_shop(session, nine)


def move(shop: Shop, units: int, *, minutes: int, reason: Reason = Reason.COLLECTED) -> None:
    at = shop.opened_at + timedelta(minutes=minutes)
    cause = replace(shop.cause(reason, "order/1"), occurred_at=at, recorded_at=at)
    with db.transaction() as session:
        inventory.record(session, [shop.stock(shop.milk, units)], cause)


def run(shop: Shop, milk: str, *, minutes: int = 60, **more: str) -> Report:
    """What the back office has at so many minutes past nine, compared two hours later."""
    lines = [Line(node="014", sku="MILK", quantity=milk)]
    lines += [Line(node="014", sku=sku, quantity=quantity) for sku, quantity in more.items()]
    at = shop.opened_at + timedelta(minutes=minutes)
    return reconciling.reconcile(Statement(source=ERP, as_of=at, lines=lines), at=at + timedelta(hours=2))


def on_hand(shop: Shop) -> int:
    with db.reading() as session:
        kept = inventory.balance_of(session, item_id=shop.milk, node_id=shop.node_id)
        assert kept is not None
        assert [*books.unexplained_balances(session)] == []
        return kept.on_hand


def items_of(report: Report) -> Sequence[ReconItem]:
    with db.reading() as session:
        return session.exec(select(ReconItem).where(ReconItem.run_id == report.run.id)).all()


def asked(shop: Shop) -> list[int]:
    """By how much each difference is that somebody was asked to look at."""
    with db.reading() as session:
        kept = session.exec(select(Event).where(Event.kind == "SnapshotDiffered").order_by(col(Event.id))).all()
        return [event.data["wrong_by"] for event in kept]


def test_what_is_equal_is_counted_and_nothing_moves(shop: Shop):
    report = run(shop, "10", BREAD="4")

    assert report.run.counts == {"equal": 2}
    assert (report.left, list(items_of(report)), on_hand(shop)) == (0, [], 10)


def test_a_sale_after_the_statement_explains_the_difference(shop: Shop):
    move(shop, -3, minutes=90, reason=Reason.SALE)

    report = run(shop, "10")

    assert report.run.counts == {"in flight": 1}
    assert [(line.since, line.unbooked, line.difference) for line in items_of(report)] == [(-3, 0, 0)]
    assert on_hand(shop) == 7


def test_a_hand_off_the_back_office_has_not_booked_explains_the_difference(shop: Shop):
    move(shop, -2, minutes=30)

    assert run(shop, "10").run.counts == {"in flight": 1}
    assert on_hand(shop) == 8


def test_a_hand_off_booked_by_then_explains_nothing(shop: Shop):
    move(shop, -2, minutes=30)
    with db.transaction() as session:
        names = [message.dedupe for message in posting.waiting(session, ERP)]
        assert posting.acknowledge(session, ERP, names, at=shop.opened_at + timedelta(minutes=40)) == 1
        assert posting.acknowledge(session, ERP, names, at=shop.opened_at + timedelta(minutes=50)) == 0

    assert run(shop, "8").run.counts == {"equal": 1}
    assert run(shop, "10").run.counts == {"corrected": 1}
    assert on_hand(shop) == 10


def test_a_hand_off_booked_after_the_statement_was_not_in_it(shop: Shop):
    move(shop, -2, minutes=30)
    with db.transaction() as session:
        names = [message.dedupe for message in posting.waiting(session, ERP)]
        posting.acknowledge(session, ERP, names, at=shop.opened_at + timedelta(minutes=61))

    assert run(shop, "10").run.counts == {"in flight": 1}


def test_a_hand_off_after_the_statement_explains_itself_once(shop: Shop):
    move(shop, -2, minutes=90)

    report = run(shop, "10")

    assert [(line.since, line.unbooked, line.difference) for line in items_of(report)] == [(-2, 0, 0)]


def test_what_a_till_told_us_is_not_told_back(shop: Shop):
    with db.transaction() as session:
        came = sold(2, "3", reason="transfer_in", at=shop.opened_at)
        take(session, sold(1, at=shop.opened_at), came, at=shop.opened_at)
    move(shop, -1, minutes=5)

    with db.reading() as session:
        told = [message.payload for message in posting.waiting(session, ERP)]
    assert [(each["sku"], each["node"], each["delta"], each["reason"]) for each in told] == [
        ("MILK", "014", "-1", "collected")
    ]


def test_a_small_difference_is_put_right_by_a_movement_that_names_the_run(shop: Shop):
    report = run(shop, "7")

    assert report.run.counts == {"corrected": 1}
    with db.reading() as session:
        last = session.exec(select(Movement).order_by(col(Movement.id).desc()).limit(1)).one()
    assert (last.on_hand, last.reason, last.document, last.actor) == (-3, Reason.CORRECTION, report.run.document, ERP)
    assert last.occurred_at == report.run.as_of
    assert (on_hand(shop), report.run.ended_at is not None) == (7, True)


def test_a_second_run_right_after_finds_nothing_unexplained(shop: Shop):
    move(shop, -3, minutes=90, reason=Reason.SALE)
    move(shop, -2, minutes=30)
    run(shop, "7", BREAD="99")

    again = run(shop, "7", BREAD="99")

    assert again.run.counts == {"in flight": 1, "for a person already": 1}
    assert again.left == 0
    assert on_hand(shop) == 7 - 2 - 3


def test_a_large_difference_is_for_a_person_and_moves_nothing(shop: Shop):
    report = run(shop, "30")

    assert (report.run.counts, report.left, on_hand(shop)) == ({"for a person": 1}, 1, 10)
    assert asked(shop) == [20]


def test_the_limit_is_of_money_too(shop: Shop):
    with db.transaction() as session:
        session.get_one(Item, shop.milk).cost_minor = 4_000

    assert run(shop, "12").run.counts == {"for a person": 1}
    assert run(shop, "11", minutes=70).run.counts == {"corrected": 1}


def test_the_limits_are_a_rule(shop: Shop):
    with db.transaction() as session:
        rule_version.publish(session, kind="reconciliation", scope="all", body={"units": "0"}, by="ops",
                             at=shop.opened_at)  # fmt: skip

    report = run(shop, "9")

    assert report.run.counts == {"for a person": 1}
    assert len(report.run.rule_versions) == 1


def count(shop: Shop, milk: int, *, minutes: int) -> None:
    """Somebody counts so many in the store."""
    at, key = shop.opened_at + timedelta(minutes=minutes), (shop.milk, shop.node_id)
    with db.transaction() as session:
        reckoning = correction.open_reckoning(session, [], [(key, at)])
        cause = Cause(reason=Reason.COUNT, document="count/9", actor="a", occurred_at=at, recorded_at=at)
        reckoning.correct_to(key, milk, at, cause)
        reckoning.save()


def test_what_was_counted_since_stands(shop: Shop):
    count(shop, 8, minutes=90)

    assert run(shop, "9").run.counts == {"newer word known": 1}
    assert on_hand(shop) == 8


def test_nobody_is_asked_twice_about_one_difference_until_it_was_counted(shop: Shop):
    run(shop, "30")
    assert run(shop, "30").run.counts == {"for a person already": 1}
    assert run(shop, "31").run.counts == {"for a person": 1}
    count(shop, 10, minutes=90)
    assert run(shop, "31", minutes=120).run.counts == {"for a person": 1}


def test_while_a_tills_messages_are_missing_nothing_is_put_right(shop: Shop):
    at = shop.opened_at + timedelta(hours=3)
    with db.transaction() as session:
        take(session, sold(1, at=shop.opened_at), sold(3, at=shop.opened_at), at=at)

    assert run(shop, "7").run.counts == {"messages missing": 1}
    with db.transaction() as session:
        session.execute(sa.update(SourceGap).values(first_seen_at=at - timedelta(minutes=6)))
    assert run(shop, "7").run.counts == {"corrected": 1}


def test_a_statement_of_which_much_is_wrong_is_in_doubt_and_not_followed(shop: Shop):
    with db.transaction() as session:
        session.add_all([Item(sku=f"S-{n}", name=f"S-{n}") for n in range(30)])
    lines = [Line(node="014", sku=f"S-{n}", quantity="1") for n in range(30)]
    at = shop.opened_at + timedelta(hours=1)

    report = reconciling.reconcile(Statement(source=ERP, as_of=at, lines=lines), at=at)

    assert (report.is_in_doubt, report.run.counts) == (True, {"for a person": 30})


def test_what_was_never_stocked_and_is_stated_as_nothing_leaves_no_balance(shop: Shop):
    with db.transaction() as session:
        session.add(Item(sku="TEA", name="Tea"))

    assert run(shop, "10", TEA="0").run.counts == {"equal": 2}
    with db.reading() as session:
        assert session.execute(sa.text("SELECT count(*) FROM balance")).scalar_one() == 2


def test_a_trial_changes_nothing(shop: Shop):
    at = shop.opened_at + timedelta(hours=1)
    lines = [Line(node="014", sku="MILK", quantity="7")]

    report = reconciling.reconcile(Statement(source=ERP, as_of=at, lines=lines), at=at, is_trying=True)

    assert [line.difference for line in report.wrong] == [-3]
    with db.reading() as session:
        assert session.exec(select(ReconRun)).all() == []
    assert on_hand(shop) == 10


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (Line(node="999", sku="MILK", quantity="1"), "We know no node 999."),
        (Line(node="014", sku="GOLD", quantity="1"), "We know no item GOLD."),
        (Line(node="014", sku="BREAD", quantity="0.5"), "BREAD is counted in each, with at most 0 decimals"),
        (Line(node="014", sku="BREAD", quantity="1", uom="kg"), "BREAD is counted in each"),
        (Line(node="014", sku="BREAD", quantity="9999999"), "BREAD is counted in each"),
    ],
)
def test_a_line_that_makes_no_sense_is_refused_and_the_rest_goes_on(shop: Shop, line: Line, words: str):
    at = shop.opened_at + timedelta(hours=1)
    lines = [line, Line(node="014", sku="MILK", quantity="9")]

    report = reconciling.reconcile(Statement(source=ERP, as_of=at, lines=lines), at=at)

    assert report.refused[0].startswith(words)
    assert report.run.counts == {"corrected": 1, "refused": 1}


def test_a_balance_stated_twice_is_not_believed(shop: Shop):
    at = shop.opened_at + timedelta(hours=1)
    lines = [Line(node="014", sku="MILK", quantity=quantity) for quantity in ("9", "8", "7")]

    report = reconciling.reconcile(Statement(source=ERP, as_of=at, lines=lines), at=at)

    assert (len(report.refused), on_hand(shop)) == (2, 10)


def test_a_statement_of_the_future_is_refused(shop: Shop):
    at = shop.opened_at + timedelta(hours=1)
    with pytest.raises(Unreadable):
        reconciling.reconcile(Statement(source=ERP, as_of=at, lines=[]), at=at - timedelta(minutes=6))


def test_a_difference_that_does_not_add_up_is_refused_by_the_schema(shop: Shop):
    run(shop, "30")
    with db.reading() as session, pytest.raises(sa.exc.DBAPIError):
        session.execute(sa.text("UPDATE recon_item SET difference = difference + 1"))


@pytest.mark.parametrize(
    ("content", "is_json", "words"),
    [
        (b"node,sku\n014,MILK\n", False, "has no column quantity"),
        (b"node,sku,quantity\n014,MILK\n", False, "more or fewer columns"),
        (b"node,sku,quantity\n014,MILK,many\n", False, "line 1: quantity"),
        (b"node,sku,quantity\n014,MILK,1e9\n", False, "line 1: quantity"),
        (b"\xff\xfe\x00", False, "no UTF-8 text"),
        (b"{}", True, "the file"),
        (b'[{"node": "014", "sku": "MILK"}]', True, "line 1: quantity"),
        (b'[{"node": "014", "sku": "MILK", "quantity": "1", "price": 3}]', True, "line 1: price"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_its_place(content: bytes, is_json: bool, words: str):
    with pytest.raises(Unreadable, match=words):
        lines_of(content, is_json=is_json)


def test_a_file_is_read_in_either_form():
    line = Line(node="014", sku="MILK", quantity="1.5", uom="kg")
    assert lines_of(b"\xef\xbb\xbfnode,sku,quantity,uom\r\n014,MILK,1.5,kg\r\n", is_json=False) == [line]
    assert lines_of(b'[{"node": "014", "sku": "MILK", "quantity": 1.5, "uom": "kg"}]', is_json=True) == [line]
