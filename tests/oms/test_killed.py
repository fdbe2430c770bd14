"""A process killed at any moment: what it acknowledged is on disk, once, and the books add up."""

import random
import subprocess
import sys

import pytest
from sqlmodel import col, select

from app import db
from app.oms import books, inventory
from app.oms.reservation import Reservation
from app.oms.verdict import Admission
from tests.oms.shop import Shop, open_shop

PROGRAM = """
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from app import db
from app.oms.admission import Request, Wish
from app.oms.desk import Desk
from app.oms.reservation import ReservationState

url, run, item, node = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
db.connect(url)
desk, at = Desk(), datetime(2026, 11, 23, 9, tzinfo=UTC)

def ask(number):
    wish = Wish(item_id=item, node_id=node, quantity=1)
    key = f"{run}/{number}"
    verdict = desk.ask(Request(key=key, wishes=(wish,), state=ReservationState.HARD, document=key, actor="t", at=at))
    sys.stdout.write(f"{key} {verdict.is_granted}\\n")
    sys.stdout.flush()

with ThreadPoolExecutor(4) as callers:
    list(callers.map(ask, range(100_000)))
"""
MOST_BEFORE_THE_KILL = 60


def acknowledged_before_a_kill(url: str, shop: Shop, run: int, chance: random.Random) -> list[tuple[str, bool]]:
    """Start it, let it answer a random number of requests, kill it in the midst of the next."""
    command = [sys.executable, "-c", PROGRAM, url, str(run), str(shop.milk), str(shop.node_id)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(chance.randint(1, MOST_BEFORE_THE_KILL))]
        process.kill()
        lines += process.stdout.readlines()
    whole = [line.split() for line in lines if line.endswith("\n")]
    return [(key, said == "True") for key, said in whole]


def test_what_a_killed_process_acknowledged_is_there_once(
    database: db.Database, database_url: str, nine, pytestconfig: pytest.Config
):
    chance, kills = random.Random(20261123), pytestconfig.getoption("--kills")
    with db.transaction() as session:
        shop = open_shop(session, nine, milk=kills * MOST_BEFORE_THE_KILL // 2)

    told = [each for run in range(kills) for each in acknowledged_before_a_kill(database_url, shop, run, chance)]

    with db.reading() as session:
        kept = dict(session.exec(select(Admission.key, Admission.is_granted)).all())
        held = select(Reservation.admission_key).where(col(Reservation.item_id) == shop.milk)
        claims = [str(key) for key in session.exec(held)]
        balance = inventory.balance_of(session, item_id=shop.milk, node_id=shop.node_id)
        assert [key for key, is_granted in told if kept.get(key) != is_granted] == []
        assert sorted(claims) == sorted(key for key, is_granted in kept.items() if is_granted)
        assert balance is not None
        assert balance.reserved == len(claims) <= balance.on_hand
        assert [*books.unexplained_balances(session), *books.unexplained_claims(session)] == []
