"""Another way for what a shelf can't keep: each order in a transaction of its own, and then a rest."""

from datetime import datetime
from functools import partial

from app import db
from app.oms import resourcing, shortfall
from app.oms.shortfall import Shortfall
from app.pickup import oversold
from jobs.sweep import dealt_with

MOST_ORDERS = 50
"""At one shelf in one go; the others wait for its next turn."""


def resource(at: datetime) -> None:
    """Every shelf that owes something and has rested."""
    with db.reading() as session:
        due = [(number, session.get_one(Shortfall, number).units) for number in shortfall.due(session, at)]
    for shortfall_id, units in due:
        _move_on(shortfall_id, at)
        _rest(shortfall_id, units, at)


def _move_on(shortfall_id: int, at: datetime) -> None:
    tried: set[int] = set()
    while len(tried) < MOST_ORDERS:
        with db.reading() as session:
            order_id = resourcing.next_order(session, shortfall_id, without=tried, at=at)
        if order_id is None:
            return
        tried.add(order_id)
        dealt_with(partial(resourcing.move, shortfall_id=shortfall_id), order_id, at)


def _rest(shortfall_id: int, units: int, at: datetime) -> None:
    """Whoever is left is for a person to look after."""
    with db.transaction() as session:
        owing = resourcing.rest(session, shortfall_id, units=units, at=at)
        if owing is not None and owing.units:
            oversold.look_again(session, owing, at=at)
