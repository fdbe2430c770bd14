"""A process killed at any moment: what it acknowledged is on disk, once, and every number is explained."""

import random
import subprocess
import sys
from collections import Counter
from itertools import pairwise

import pytest
from sqlmodel import Session, col, select

from app import db
from app.events import sequence
from app.events.inbox import InboxMessage, InboxState
from app.events.outbox import OutboxMessage
from app.oms import availability, books, channel, inventory, stock_facts
from app.oms.channel import Channel
from app.oms.inventory import Movement, Reason
from app.oms.reservation import Reservation
from app.oms.verdict import Admission
from tests.oms.shop import Shop, open_shop

PROGRAM = """
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import count
from app import db
from app.events.inbox import Message
from app.oms import availability, order, push, stock_intake
from app.oms.admission import Request, Wish
from app.oms.desk import Desk
from app.oms.reservation import ReservationState
from app.oms.stock_words import ADJUSTED

url, run, item, node = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
db.connect(url)
desk, at = Desk(), datetime(2026, 11, 23, 9, tzinfo=UTC) + timedelta(minutes=int(run))
DELIVERED = json.dumps({"node": "014", "sku": "MILK", "delta": "1", "uom": "each", "reason": "receipt"})

def say(*words):
    sys.stdout.write(" ".join(words) + "\\n")
    sys.stdout.flush()

def ask():
    for number in asked:
        wish = Wish(item_id=item, node_id=node, quantity=1)
        key = f"{run}/{number}"
        verdict = desk.ask(Request(key=key, wishes=(wish,), state=ReservationState.HARD, document=key, actor="t",
                                   at=at))
        say("ask", key, str(verdict.is_granted))

def message(number):
    return Message(source=f"/tills/{run}", message_id=f"{run}-{number}", type=ADJUSTED, payload=DELIVERED,
                   sequence=number, occurred_at=at)

def tell():
    for number in count(1, 2):
        batch = [message(n) for n in (number, number + 1, max(1, number - 1))]
        arrivals = stock_intake.receive(batch, at=at, owner="t")
        for arrival in arrivals[:2]:
            say("tell", arrival.message.message_id, arrival.state)

def push_all():
    for turn in count():
        with db.transaction() as session:
            availability.catch_up(session, at=at)
        with db.transaction() as session:
            push.post_due(session, at=at)
        say("push", str(turn), "done")

asked = count()
with ThreadPoolExecutor(5) as pool:
    acts = [pool.submit(act) for act in (ask, ask, ask, tell, push_all)]
    for act in acts:
        act.result()
"""
MOST_BEFORE_THE_KILL = 60
Told = list[tuple[str, str, str]]


def acknowledged_before_a_kill(url: str, shop: Shop, run: int, chance: random.Random) -> Told:
    """Start it, let it answer a random number of requests and push once, kill it in the midst of the next."""
    command = [sys.executable, "-c", PROGRAM, url, str(run), str(shop.milk), str(shop.node_id)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(chance.randint(1, MOST_BEFORE_THE_KILL))]
        while lines[-1] and not any(line.startswith("push ") for line in lines):
            lines.append(process.stdout.readline())
        process.kill()
        lines += process.stdout.readlines()
    kinds, names, said = zip(*(line.split() for line in lines if line.endswith("\n")), strict=True)
    return list(zip(kinds, names, said, strict=True))


def test_what_a_killed_process_acknowledged_is_there_once(
    database: db.Database, database_url: str, nine, pytestconfig: pytest.Config
):
    chance, kills = random.Random(20261123), pytestconfig.getoption("--kills")
    with db.transaction() as session:
        shop = open_shop(session, nine, milk=kills * MOST_BEFORE_THE_KILL // 3)
        channel.open_channel(session, Channel(code="web", name="Web", is_pushed=True))

    told = [each for run in range(kills) for each in acknowledged_before_a_kill(database_url, shop, run, chance)]
    with db.transaction() as session:
        while availability.catch_up(session, at=nine):
            pass

    with db.reading() as session:
        _every_answer_stands(session, {name: said == "True" for kind, name, said in told if kind == "ask"})
        _every_fact_had_its_effect_once(session, {name for kind, name, _ in told if kind == "tell"})
        _each_number_was_pushed_under_one_version(session)
        balance = inventory.balance_of(session, item_id=shop.milk, node_id=shop.node_id)
        assert balance is not None
        assert balance.reserved <= balance.on_hand
        assert [*books.unexplained_balances(session), *books.unexplained_claims(session)] == []
        assert list(availability.untrue(session, at=nine)) == []


def _every_answer_stands(session: Session, answers: dict[str, bool]) -> None:
    kept = dict(session.exec(select(Admission.key, Admission.is_granted)).all())
    claims = [str(key) for key in session.exec(select(Reservation.admission_key))]
    assert {key: is_granted for key, is_granted in answers.items() if kept.get(key) != is_granted} == {}
    assert sorted(claims) == sorted(key for key, is_granted in kept.items() if is_granted)


def _every_fact_had_its_effect_once(session: Session, acknowledged: set[str]) -> None:
    applied = set(session.exec(select(InboxMessage.message_id).where(InboxMessage.state == InboxState.APPLIED)))
    moved = Counter(session.exec(select(Movement.document).where(Movement.reason == Reason.RECEIPT)))
    assert acknowledged <= applied
    assert moved == Counter(f"message/{each}" for each in applied)
    assert list(stock_facts.untrue(session)) == []
    assert [gap for source in set(session.exec(select(InboxMessage.source)))
            for gap in sequence.open_gaps(session, source)] == []  # fmt: skip


def _each_number_was_pushed_under_one_version(session: Session) -> None:
    """The outbox read back: each version says one thing, and every later message is of a later version."""
    posted = select(OutboxMessage.payload).where(OutboxMessage.topic == "availability").order_by(col(OutboxMessage.id))
    versions = [said["version"] for said in session.exec(posted) if said["sku"] == "MILK"]
    assert versions
    assert all(before < after for before, after in pairwise(versions))
