"""How soon a stock fact has changed what a channel may sell, and how much cheaper that is than reckoning all anew.

A shop of many items, nodes and channels, with rules for safety stock in force. A fact is recorded in a transaction of
its own; the clock runs from its commit until the channels' new numbers are on disk. In between lies only the work: the
schedule's own tick of a second comes on top in a running shop. The rival works out every item, as a nightly job would.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from statistics import quantiles
from time import perf_counter
from typing import Any

from sqlmodel import Session

from app import db, migrations
from app.oms import availability, channel, inventory, rule_effects, touched
from app.oms.channel import Channel
from app.oms.inventory import Cause, Change, Reason
from app.oms.item import Item
from app.oms.node import Node, NodeKind
from app.rules import rule_version
from bench.claims import at_least, at_most, finish
from bench.places import places
from jobs import availability as job

AT = datetime(2026, 11, 23, 9, tzinfo=UTC)
CAUSE = Cause(reason=Reason.SALE, document="bench", actor="bench", occurred_at=AT, recorded_at=AT)
SIZES = {False: (5000, 40, 400), True: (300, 10, 20)}
"""Items, nodes and facts, for a measurement and for a smoke run."""
BURST = 1000
CHANNELS = ("web", "marketplace", "kiosk")


def measure(place: Callable[[], AbstractContextManager[str]], *, is_quick: bool) -> dict[str, float]:
    with place() as url:
        migrations.upgrade(url)
        db.connect(url)
        items, nodes, facts = SIZES[is_quick]
        item_ids, node_ids = _open(items, nodes)
        job.catch_up(AT)
        lags = [_lag([(item_ids[n * 7 % items], node_ids[n % nodes])]) for n in range(facts)]
        burst = _lag([(item_id, node_ids[n % nodes]) for n, item_id in enumerate(item_ids[:BURST])])
        everything = _everything(item_ids)
        with db.reading() as session:
            untrue = len(list(availability.untrue(session, at=AT)))
        db.disconnect()
    cuts = quantiles(lags, n=100, method="inclusive")
    return {
        "p50_ms": round(cuts[49] * 1000, 2),
        "p99_ms": round(cuts[98] * 1000, 2),
        "everything_ms": round(everything * 1000),
        "times_cheaper": round(everything / cuts[49]),
        "burst_ms": round(burst * 1000),
        "untrue": untrue,
    }


def _open(items: int, nodes: int) -> tuple[list[int], list[int]]:
    with db.transaction() as session:
        goods = [Item(sku=f"S{n}", name="Thing") for n in range(items)]
        network = [Node(kind=NodeKind.STORE if n else NodeKind.DC, code=f"N{n}", name="Node") for n in range(nodes)]
        session.add_all([*goods, *network])
        session.flush()
        item_ids, node_ids = [item.id for item in goods], [node.id for node in network]
        for number, code in enumerate(CHANNELS):
            channel.open_channel(session, Channel(code=code, name=code, buffer=number))
        _rules(session)
    for bite in _bites(item_ids, 100):
        with db.transaction() as session:
            stock = [Change(item_id=item_id, node_id=node_id, on_hand=50) for item_id in bite for node_id in node_ids]
            inventory.record(session, stock, CAUSE)
    return item_ids, node_ids


def _rules(session: Session) -> None:
    for scope, units in (
        ("all", "1"),
        ("kind:store", "2"),
        ("node:N3", "4"),
        ("item:S7", "6"),
        ("item:S7@node:N3", "0"),
    ):
        said = {"units": units}
        version = rule_version.publish(session, kind="safety_stock", scope=scope, body=said, by="bench", at=AT)
        rule_effects.take_effect(session, version.id, at=AT)


def _bites(item_ids: list[int], size: int) -> Iterator[list[int]]:
    return (item_ids[start : start + size] for start in range(0, len(item_ids), size))


def _lag(sold: list[tuple[int, int]]) -> float:
    with db.transaction() as session:
        facts = [Change(item_id=item_id, node_id=node_id, on_hand=-1) for item_id, node_id in sold]
        inventory.record(session, facts, CAUSE)
    began = perf_counter()
    job.catch_up(AT)
    return perf_counter() - began


def _everything(item_ids: list[int]) -> float:
    began = perf_counter()
    for bite in _bites(item_ids, touched.MOST_ITEMS):
        with db.transaction() as session:
            availability.work_out(session, bite, at=AT)
    return perf_counter() - began


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.ats", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a small shop and few facts")
    is_quick = parser.parse_args().quick
    kinds = places(is_quick=is_quick).items()
    figures: dict[str, Any] = {name: measure(place, is_quick=is_quick) for name, place in kinds}
    for name, found in figures.items():
        print(f"{name:<12}" + "  ".join(f"{what} {value:,}" for what, value in found.items()))
    goals = {}
    for name, found in figures.items():
        goals[f"{name}_p99_ms"] = at_most(found["p99_ms"], 50)
        goals[f"{name}_times_cheaper"] = at_least(found["times_cheaper"], 100)
        goals[f"{name}_untrue"] = at_most(found["untrue"], 0)
    return finish("ats", figures, goals)


if __name__ == "__main__":
    sys.exit(main())
