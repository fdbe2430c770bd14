"""What a full board costs the server, against drawing the very same page from plain dicts.

The page a tablet opens asks who is looking, reads the cards in a fixed number of queries and draws them. The rival has
all of that in its hands already and only draws: the ratio is what sign-in, scope and the database cost together.
"""

import argparse
import gzip
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from statistics import quantiles
from time import perf_counter
from typing import Any

import sqlalchemy as sa
from flask import template_rendered
from flask.testing import FlaskClient
from sqlmodel import select

from app import clock, db, migrations, wire
from app.config import Settings
from app.oms.order import Order
from app.people.associate import Associate
from app.pickup import handover
from bench.claims import at_most, finish
from bench.places import places
from tests.notices.counter import Counter
from tests.web.shop_floor import Floor, open_floor

FEW, FULL = 5, 60
ROUNDS, QUICK = 300, 20
DEAREST = 6.0
"""The whole answer may take so many times as long as the drawing alone; some noise is allowed for."""
P95_MS = 80.0
"""The budget of a board on the server."""
KILOBYTES = 15.0


def fill(floor: Floor, counter: Counter, cards: int) -> None:
    """So many cards more, of every kind however few: a third new, the others in hand or on a shelf, a ninth here."""
    for turn in range(cards):
        task_id = floor.order(f"A-{clock.now():%H%M%S}-{turn}-{cards}")
        with db.transaction() as session:
            order = session.get_one(Order, floor.task(task_id).order_id)
            match turn % 9:
                case 4 | 5:
                    counter.task(session, order).acknowledge(associate_id=counter.maya, at=clock.now())
                case 3:
                    counter.pick(session, order, at=clock.now())
                case 1 | 2:
                    counter.stage(session, order, at=clock.now())
                case 0:
                    task = counter.stage(session, order, at=clock.now())
                    handover.arrive(task, spot="Bay 3", actor="customer", at=clock.now())


@contextmanager
def counted() -> Iterator[list[str]]:
    """Every statement the block sends, but for those that begin and end a transaction."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        sent.append(statement)

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    yield sent
    sa.event.remove(sa.Engine, "before_cursor_execute", note)


def plain(value: Any) -> Any:
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else value


def drawn_by(floor: Floor, tablet: FlaskClient) -> tuple[Any, dict[str, Any]]:
    """The template behind the page, and its inputs as plain dicts."""
    seen: list[tuple[Any, dict[str, Any]]] = []

    def note(_app: Any, template: Any, context: dict[str, Any], **_: Any) -> None:
        seen.append((template, context))

    with template_rendered.connected_to(note, floor.app):
        tablet.get("/")
    template, inputs = seen[0]
    return template, {name: plain(value) for name, value in inputs.items()}


def measure(url: str, rounds: int) -> dict[str, Any]:
    migrations.upgrade(url)
    wire(Settings(database_url=url, secret_key="k" * 40, log_level="ERROR"))
    floor = open_floor(url)
    with db.reading() as session:
        counter = Counter(floor.shop, session.exec(select(Associate.id)).one())
    tablet = floor.tablet()
    queries = []
    for cards in (FEW, FULL - FEW):
        fill(floor, counter, cards)
        tablet.get("/")
        with counted() as sent:
            page = tablet.get("/")
        queries.append(len(sent))
    template, inputs = drawn_by(floor, tablet)
    with floor.app.test_request_context():
        assert template.render(inputs).count('<li id="task-') == page.text.count('<li id="task-') == FULL
        whole, bare = [], []
        for _ in range(rounds):
            whole.append(timed(lambda: tablet.get("/")))
            bare.append(timed(lambda: template.render(inputs)))
    db.disconnect()
    kilobytes = round(len(gzip.compress(page.data)) / 1024, 1)
    return summed_up(whole, bare) | {"queries_at_5": queries[0], "queries_at_60": queries[1], "gz_kb": kilobytes}


def timed(work: Any) -> float:
    began = perf_counter()
    work()
    return (perf_counter() - began) * 1000


def summed_up(whole: list[float], bare: list[float]) -> dict[str, Any]:
    cuts = quantiles(whole, n=20, method="inclusive")
    p50, drawing = cuts[9], quantiles(bare, n=2)[0]
    return {
        "p50_ms": round(p50, 2), "p95_ms": round(cuts[18], 2), "drawing_ms": round(drawing, 2),
        "times_the_drawing": round(p50 / drawing, 2),
    }  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.board", description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} rounds only")
    is_quick = parser.parse_args().quick
    rounds = QUICK if is_quick else ROUNDS
    at = clock.now()
    clock.hold(lambda: at)
    figures, goals = {}, {}
    for name, place in places(is_quick=is_quick).items():
        with place() as url:
            found = figures[name] = measure(url, rounds)
        print(
            f"{name:<11} {FULL} cards: p50 {found['p50_ms']} ms, p95 {found['p95_ms']} ms, "
            f"drawing alone {found['drawing_ms']} ms, {found['times_the_drawing']} ×; "
            f"{found['queries_at_60']} queries, {found['gz_kb']} kB"
        )
        goals[f"{name}_ratio"] = at_most(found["times_the_drawing"], DEAREST)
        goals[f"{name}_p95_ms"] = at_most(found["p95_ms"], P95_MS)
        goals[f"{name}_queries"] = at_most(found["queries_at_60"], found["queries_at_5"])
        goals[f"{name}_gz_kb"] = at_most(found["gz_kb"], KILOBYTES)
    clock.release()
    return finish("board", figures, goals)


if __name__ == "__main__":
    sys.exit(main())
