"""What age costs: the shop's daily work beside a past of a thousand orders, and beside one of a million.

Two shops with the same stores, shelves and living orders take turns; only what lies behind them differs. Then fifty
thousand open holds are put on one item, and `verify` is timed on the older shop's books.
"""

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from statistics import quantiles
from time import perf_counter
from typing import Any

from app import clock, db, migrations, wire
from app.cli_verify import checks
from app.config import Settings
from app.oms import desk
from bench import scale_work
from bench.claims import at_most, finish
from bench.past import write
from bench.past_size import AT, Past
from bench.places import PLACES, places
from bench.scale_work import Acts, Shop, open_shop

YOUNG, OLD = 1_000, 1_000_000
"""Past orders."""
HELD = 50_000
WARM = 6
"""So often each act is done before it is timed: for caches, and plans that are prepared at the sixth time."""
AGE, HOLDS = 1.2, 1.1
"""So many times as long it may take in the older shop, and with the open holds."""
WITHOUT_GOAL = {"figures"}
"""They count all that ever was, and are looked at a few times a minute."""
Times = dict[str, list[float]]


@dataclass(frozen=True)
class Size:
    """How much past, and how often everything is done."""

    young: Past
    old: Past
    turns: int
    times: int
    held: int


def size_of(orders: int, *, is_quick: bool) -> Size:
    """Ten movements an order, as many balances in both shops."""
    if is_quick:
        tiny = Past(orders=100, rounds=2, items=50, stores=2)
        return Size(tiny, replace(tiny, orders=200, rounds=4), turns=1, times=2, held=500)
    old = Past(orders=orders, rounds=max(1, orders // 800))
    return Size(replace(old, orders=YOUNG, rounds=1), old, turns=6, times=30, held=HELD)


@contextmanager
def shop(place: Any, past: Past) -> Iterator[Shop]:
    """Opened, given its past, and with the day's first orders on its board."""
    with place() as url:
        migrations.upgrade(url)
        with connected(url):
            opened = open_shop(url, past)
            write(past, opened.place, say=say)
        with connected(url):
            scale_work.begin_the_day(opened)
        yield opened


@contextmanager
def connected(url: str) -> Iterator[None]:
    wire(Settings(database_url=url, secret_key="k" * 40, log_level="ERROR"))
    yield
    desk.close()
    db.disconnect()


def say(words: str) -> None:
    """Where it is: a long run that keeps silent looks like one that hangs."""
    print(f"  {words}", file=sys.stderr)


def measure(place: Any, size: Size) -> dict[str, Any]:
    with shop(place, size.young) as young, shop(place, size.old) as aged:
        taken: dict[str, Times] = {young.url: {}, aged.url: {}}
        for turn in range(size.turns):
            for each in (young, aged) if turn % 2 else (aged, young):
                with connected(each.url):
                    for name, seconds in timed(scale_work.acts(each), size.times).items():
                        taken[each.url].setdefault(name, []).extend(seconds)
        with connected(young.url):
            held = holds(young, size)
        with connected(aged.url):
            found = verified()
    before, after = ({name: usual(each) for name, each in taken[url].items()} for url in (young.url, aged.url))
    ages = {name: {"young_ms": ms(before[name]), "old_ms": ms(after[name]),
                   "ratio": round(after[name] / before[name], 3)} for name in before}  # fmt: skip
    return {"orders": size.old.orders, "movements": size.old.movements, "age": ages, "holds": held, "verify": found}


def timed(acts: Acts, times: int) -> Times:
    """Each in turn, so that what disturbs one disturbs all; the first few are for caches and prepared plans."""
    taken: Times = {name: [] for name in acts}
    for turn in range(-WARM if times > WARM else 0, times):
        for name, act in acts.items():
            began = perf_counter()
            act()
            if turn >= 0:
                taken[name].append(perf_counter() - began)
    return taken


def usual(seconds: list[float]) -> float:
    """What an act takes when nothing is in its way: whatever disturbs it only adds."""
    return quantiles(seconds, n=4, method="inclusive")[0]


def holds(opened: Shop, size: Size) -> dict[str, Any]:
    """A promise of an item that many hold already, in turn with one of an item that nobody holds."""
    scale_work.hold(opened, size.held)
    promises: Acts = scale_work.promises(opened)
    taken: Times = {}
    for acts in (promises, dict(reversed(promises.items()))):  # who comes after whom must not matter
        for name, seconds in timed(acts, size.turns * size.times).items():
            taken[name] = taken.get(name, []) + seconds
    held, free, refused_held, refused_free = (usual(taken[name]) for name in promises)
    return {"open": size.held, "empty_ms": ms(free), "held_ms": ms(held), "ratio": round(held / free, 3),
            "refused_ratio": round(refused_held / refused_free, 3)}  # fmt: skip


def verified() -> dict[str, Any]:
    seconds, wrong = {}, 0
    for subject, check in checks():
        say(f"verify: {subject}")
        began = perf_counter()
        with db.reading() as session:
            wrong += len(list(check(session)))
        seconds[subject] = round(perf_counter() - began, 2)
    return {"seconds": round(sum(seconds.values()), 1), "each": seconds, "wrong": wrong}


def ms(seconds: float) -> float:
    return round(seconds * 1000, 3)


def goals(name: str, found: dict[str, Any]) -> dict[str, Any]:
    aged = {f"{name}_{act}": at_most(each["ratio"], AGE) for act, each in found["age"].items()
            if act not in WITHOUT_GOAL}  # fmt: skip
    held = {f"{name}_{what}": at_most(found["holds"][what], HOLDS) for what in ("ratio", "refused_ratio")}
    return (
        aged
        | {f"{name}_holds_{what.split('_', 1)[1]}": each for what, each in held.items()}
        | {f"{name}_untrue": at_most(found["verify"]["wrong"], 0)}
    )


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.scale", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="next to no past, and few turns")
    parser.add_argument("--orders", type=int, default=OLD, help=f"so many orders in the older shop; {OLD:,} by default")
    parser.add_argument("--only", choices=PLACES, help="one kind of database")
    asked = parser.parse_args()
    size = size_of(asked.orders, is_quick=asked.quick)
    clock.hold(lambda: AT)
    figures: dict[str, Any] = {}
    kept: dict[str, Any] = {}
    for name, place in places(is_quick=asked.quick).items():
        if asked.only in (None, name):
            figures[name] = found = measure(place, size)
            print_table(name, found)
            kept |= goals(name, found)
    clock.release()
    return finish("scale", figures, kept)


def print_table(name: str, found: dict[str, Any]) -> None:
    print(f"{name}: {found['orders']:,} past orders, {found['movements']:,} rows of the ledger")
    for act, each in found["age"].items():
        print(f"  {act:<24} {each['young_ms']:>9} ms  {each['old_ms']:>9} ms  {each['ratio']:>6} ×")
    held, checked = found["holds"], found["verify"]
    print(f"  a promise beside {held['open']:,} open holds: {held['ratio']} ×, refused {held['refused_ratio']} ×")
    print(f"  verify: {checked['seconds']} s, {checked['wrong']} wrong")


if __name__ == "__main__":
    sys.exit(main())
