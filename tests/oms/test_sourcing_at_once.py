"""Many orders for the last units at once: each unit goes to one of them, from whichever node has it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Barrier
from uuid import UUID

from sqlmodel import select

from app import db
from app.oms import admission, books, hold, inventory, placing, sourcing
from app.oms import order as orders
from app.oms.admission import Request, Wish
from app.oms.balance import Balance
from app.oms.order import Order
from app.oms.order_status import OrderStatus
from app.oms.reservation import Reservation, ReservationState
from tests.oms.network import Network, open_network
from tests.oms.shop import bread, open_shop
from tests.oms.test_sourcing import milk, senders
from tests.pickup.test_at_once import on_postgresql, wait_until_somebody_waits

CLIENTS = 8


def laid_out(nine: datetime, **stock: int) -> Network:
    with db.transaction() as session:
        return open_network(session, open_shop(session, nine, milk=stock["store"], bread=stock["store"]),
                            milk=stock["each"], bread=stock["each"])  # fmt: skip


def at_once(*works) -> list:
    ready = Barrier(len(works))

    def run(work):
        ready.wait()
        return work()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


def placed(network: Network, number: int, *lines) -> int:
    with db.transaction() as session:
        form = network.form(*lines, external_id=f"R-{number}")
        return placing.place(session, form, actor="web", at=form.placed_at).id


def test_the_last_units_of_all_nodes_are_promised_once_each(database: db.Database, nine: datetime):
    network = laid_out(nine, store=1, each=2)

    ids = at_once(*(lambda number=number: placed(network, number, milk(1)) for number in range(CLIENTS)))

    with db.reading() as session:
        found = [session.get_one(Order, order_id).status for order_id in ids]
        assert found.count(OrderStatus.ACCEPTED) == 5
        assert found.count(OrderStatus.UNFULFILLABLE) == CLIENTS - 5
        assert all(row.reserved <= row.on_hand for row in session.exec(select(Balance)))
        assert list(books.unexplained_claims(session)) == []


def test_orders_that_need_several_nodes_wait_for_no_other_for_ever(database: db.Database, nine: datetime):
    network = laid_out(nine, store=4, each=4)

    ids = at_once(*(lambda number=number: placed(network, number, milk(6), bread(6)) for number in range(4)))

    with db.reading() as session:
        found = [session.get_one(Order, order_id) for order_id in ids]
        routed = [order for order in found if order.status == OrderStatus.ACCEPTED]
        assert len(routed) == 2
        assert all(sum(senders(order).values()) == 12 for order in routed)
        assert list(books.unexplained_claims(session)) == []


def test_two_who_reroute_one_order_move_it_once(database: db.Database, nine: datetime):
    network = laid_out(nine, store=0, each=4)
    order_id = placed(network, 1, milk(2))

    def move() -> bool:
        with db.transaction() as session:
            order = orders.locked(session, order_id)
            line = next(line for line in order.lines if line.reserved)
            said = sourcing.reroute(session, order, {line.id: 2}, reason="so", actor="test", at=nine)
            return said.is_routed

    assert sorted(at_once(move, move)) == [False, True]
    with db.reading() as session:
        assert sum(claim.open_quantity for claim in session.exec(select(Reservation))) == 2
        assert senders(session.get_one(Order, order_id)) == {network.vendor: 2}
        kept = inventory.balance_of(session, item_id=network.shop.milk, node_id=network.depot)
        assert kept is not None
        assert kept.reserved == 0


@on_postgresql
def test_an_order_whose_basket_has_run_out_waits_for_nobody_who_waits_for_it(database: db.Database, nine: datetime):
    """What the basket held is locked with what the order needs, or two would each have what the other wants."""
    network = laid_out(nine, store=4, each=4)
    basket, shop = UUID(int=7), network.shop
    held = Wish(item_id=shop.milk, node_id=shop.node_id, quantity=1)
    key = hold.key_of(basket)
    with db.transaction() as session:
        admission.admit(session, [Request(key=key, wishes=(held,), state=ReservationState.SOFT, document=key,
                                          actor="web", channel="web", at=nine, expires_at=nine)])  # fmt: skip

    def place() -> int:
        with db.transaction() as session:
            form = network.form(bread(2), hold_id=basket)
            return placing.place(session, form, actor="web", at=form.placed_at).id

    with ThreadPoolExecutor(1) as other, db.transaction() as session:
        inventory.open_page(session, [held.key])
        placing_it = other.submit(place)
        wait_until_somebody_waits(session)
        inventory.open_page(session, [(shop.bread, network.depot)])
        session.commit()
        order_id = placing_it.result()

    with db.reading() as session:
        assert senders(session.get_one(Order, order_id)) == {network.depot: 2}
