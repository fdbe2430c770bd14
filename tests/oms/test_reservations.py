"""A claim ends once: what was used can't be released, what was released can't be used."""

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from app.oms import books, inventory, placing, reservation
from app.oms.inventory import Change, Reason
from app.oms.order import Order
from app.oms.order_line import OrderLine
from app.oms.reservation import Reservation, ReservationOver, ReservationState
from tests.oms.shop import Shop, order_form


@pytest.fixture
def order(session: Session, shop: Shop) -> Order:
    return placing.place(session, order_form(shop), actor="web", at=shop.opened_at)


@pytest.fixture
def claim(session: Session, order: Order) -> Reservation:
    return reservation.of_line(session, order.lines[0].id)


def kept(session: Session, shop: Shop) -> tuple[int, int, int]:
    found = inventory.balance_of(session, item_id=shop.milk, node_id=shop.node_id)
    assert found is not None
    return found.on_hand, found.reserved, found.suppressed


def test_goods_handed_over_leave_the_shelf_and_the_promise_together(session: Session, shop: Shop, claim: Reservation):
    reservation.consume(session, [(claim, 2)], shop.cause(Reason.COLLECTED))
    assert claim.state == ReservationState.CONSUMED
    assert kept(session, shop) == (8, 0, 0)


def test_a_claim_that_was_released_cannot_be_handed_over(session: Session, shop: Shop, claim: Reservation):
    reservation.release(session, [(claim, 2)], shop.cause(Reason.RELEASED))
    assert claim.state == ReservationState.RELEASED
    with pytest.raises(ReservationOver):
        reservation.consume(session, [(claim, 1)], shop.cause(Reason.COLLECTED))


def test_a_claim_that_was_handed_over_cannot_be_released(session: Session, shop: Shop, claim: Reservation):
    reservation.consume(session, [(claim, 2)], shop.cause(Reason.COLLECTED))
    with pytest.raises(ReservationOver):
        reservation.release(session, [(claim, 1)], shop.cause(Reason.RELEASED))


def test_a_claim_used_in_part_stays_open_for_the_rest(session: Session, shop: Shop, claim: Reservation):
    reservation.consume(session, [(claim, 1)], shop.cause(Reason.COLLECTED))
    assert (claim.state, claim.open_quantity) == (ReservationState.HARD, 1)


def test_a_hand_off_taken_back_is_reserved_again(session: Session, shop: Shop, claim: Reservation):
    reservation.consume(session, [(claim, 2)], shop.cause(Reason.COLLECTED))
    reservation.unconsume(session, [(claim, 2)], shop.cause(Reason.HANDOVER_TAKEN_BACK))
    assert claim.state == ReservationState.HARD
    assert kept(session, shop) == (10, 2, 0)


def test_a_payment_makes_nothing_of_a_claim_that_ended(session: Session, shop: Shop, order: Order, claim: Reservation):
    reservation.release(session, [(claim, 2)], shop.cause(Reason.RELEASED))
    reservation.harden(session, [order.lines[0].id])
    session.refresh(claim)
    assert claim.state == ReservationState.RELEASED


def test_no_more_is_let_go_than_is_still_held(session: Session, shop: Shop, claim: Reservation):
    reservation.let_go(session, [(claim, 5)], shop.cause(Reason.RELEASED))
    assert (claim.state, kept(session, shop)) == (ReservationState.RELEASED, (10, 0, 0))


def test_units_nobody_found_are_held_back_until_found(session: Session, shop: Shop, claim: Reservation):
    reservation.suppress(session, claim, 1, shop.cause(Reason.NOT_FOUND))
    assert kept(session, shop) == (10, 1, 1)
    reservation.unsuppress(session, claim, 1, shop.cause(Reason.FOUND))
    assert kept(session, shop) == (10, 2, 0)


def test_units_a_count_has_freed_can_still_be_found_for_the_order(session: Session, shop: Shop, claim: Reservation):
    reservation.suppress(session, claim, 2, shop.cause(Reason.NOT_FOUND))
    freed = Change(item_id=shop.milk, node_id=shop.node_id, suppressed=-1)
    inventory.record(session, [freed], shop.cause(Reason.COUNT))

    reservation.unsuppress(session, claim, 2, shop.cause(Reason.FOUND))

    assert kept(session, shop) == (10, 2, 0)


def test_what_is_reserved_is_the_sum_of_the_open_claims(session: Session, shop: Shop, claim: Reservation):
    assert list(books.unexplained_claims(session)) == []
    inventory.record(session, [shop.reserve(shop.milk, 1)], shop.cause())
    assert len(list(books.unexplained_claims(session))) == 1


@pytest.mark.parametrize(
    "written",
    [
        {"consumed": 3, "state": ReservationState.CONSUMED},
        {"released": 2, "state": ReservationState.HARD},
        {"state": ReservationState.RELEASED},
        {"quantity": 0},
    ],
)
def test_the_schema_refuses_a_claim_that_does_not_add_up(
    session: Session, claim: Reservation, written: dict[str, object]
):
    with pytest.raises(sa.exc.IntegrityError):
        session.execute(sa.update(Reservation).values(**written))


@pytest.mark.parametrize("written", [{"picked": 1}, {"reserved": 1}, {"reserved": 3, "picked": -1}, {"ordered": 0}])
def test_the_schema_refuses_a_line_whose_units_do_not_add_up(session: Session, order: Order, written: dict[str, int]):
    with pytest.raises(sa.exc.IntegrityError):
        session.execute(sa.update(OrderLine).values(**written))
