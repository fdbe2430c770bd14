"""Real orders played into the shop: at their own pace, some times faster, or as fast as it can.

At `max` the instants are those of the data; at a number the stream is played into the present, each happening at the
moment it is played, so that boards and timers live. What was played before is known by its document or its order.
"""

import sys
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from itertools import islice
from threading import Event
from time import perf_counter

from sqlalchemy.exc import OperationalError

from app import clock, db
from app.config import Settings
from seed import process, world
from seed.happened import Shop
from seed.replay_report import Report
from seed.streams import Happening, Stream, open_stream
from seed.streams.stream import PICKUP_SHARE

MAX = "max"
GROUP = 100
ONLINE_RETAIL = "online-retail"

Moment = tuple[datetime, Happening]
Progress = Callable[[str], object]


def run(
    settings: Settings, source: str, *, first: date | None = None, last: date | None = None, speed: str = MAX,
    pickup_share: float = PICKUP_SHARE,
) -> Report:  # fmt: skip
    """The command: reads the data, builds its world once, plays it, and says so on the way."""
    process.bind(settings)
    _say(f"Reading {source} …")
    stream = open_stream(source, first=first, last=last, pickup_share=pickup_share)
    report = Report(stream.title, rows_left_out=stream.skipped)
    _say(stream.describe())
    replay(stream, speed, clock.now(), report, channel=_channel(source), say=_say)
    return report


def replay(
    stream: Stream, speed: str, at: datetime, report: Report, *, channel: str, say: Progress = lambda _: None
) -> None:
    """Play all of it; `at` is the instant it begins."""
    the_world = stream.world()
    with db.transaction() as session:
        world.build(session, the_world, at, name=stream.title)
    with db.reading() as session:
        shop = Shop.read(session, channel, the_world.currency, report)
    began = told = perf_counter()
    for group in _groups(stream, speed, at):
        _play(shop, group)
        report.seconds = perf_counter() - began
        if perf_counter() - told >= 1:
            told = perf_counter()
            say(f"{report.happenings:,} of {stream.total:,} · {report.orders_per_second:,.0f} orders/s")
    report.seconds = perf_counter() - began


def _play(shop: Shop, group: list[Moment]) -> None:
    """One transaction; where a database broke up a group that met other writers, one for each happening."""
    before = shop.report.copy()
    try:
        with db.transaction() as session:
            for at, happening in group:
                shop.tell(session, happening, at)
    except OperationalError:
        shop.forget(before)
        if len(group) == 1:
            raise
        for moment in group:
            _play(shop, [moment])
    else:
        shop.keep()


def _groups(stream: Stream, speed: str, at: datetime) -> Iterator[list[Moment]]:
    moments = (
        ((happening.at, happening) for happening in stream.events()) if speed == MAX else _paced(stream, speed, at)
    )
    size = GROUP if speed == MAX else 1
    while group := list(islice(moments, size)):
        yield group


def _paced(stream: Stream, speed: str, at: datetime) -> Iterator[Moment]:
    waiting = Event()
    began, start = perf_counter(), None
    for happening in stream.events():
        start = start or happening.at
        due = (happening.at - start).total_seconds() / float(speed)
        waiting.wait(max(0.0, due - (perf_counter() - began)))
        yield at + timedelta(seconds=due), happening


def _channel(source: str) -> str:
    return source if source == "completejourney" else ONLINE_RETAIL


def _say(words: str) -> None:
    sys.stderr.write(words + "\n")
    sys.stderr.flush()
