"""Everything the clock does, on one page."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from threading import Event, Lock, Thread
from time import monotonic
from typing import Any

import structlog
from apscheduler.events import EVENT_SCHEDULER_SHUTDOWN
from apscheduler.schedulers.background import BackgroundScheduler

from app import clock, db
from app.config import Settings
from app.events import replies
from app.notices.smtp import SmtpTransport, Transport
from app.oms import arrival, expiry, looking_again, reliability, rule_effects, stock_intake, unpaid
from app.pickup import count_cause, escalation
from app.rules import rule_version
from jobs import availability
from jobs.couriers import Couriers
from jobs.mail_sink import FOLDER, MailSink
from jobs.pace import Every, Watch
from jobs.relay import relay
from jobs.resource import resource
from jobs.sweep import sweep

log = structlog.get_logger()

Act = Callable[[datetime], object]

GRACE_S = 4.0
"""So long a stop waits for what is running; for somebody outside who keeps silent it does not wait any longer."""

MOST_ROUNDS = 20
"""After a long stop the rest of the overdue holds are let go at the next turn."""

_couriers: list[Couriers] = []
_post: list[tuple[Transport, Settings, Event]] = []


def send_through(transport: Transport, settings: Settings) -> None:
    """Say through what this process's messages leave; until then they wait in the outbox."""
    _post[:] = [(transport, settings, Event())]


def _send_waiting(at: datetime) -> None:
    for transport, settings, stopping in _post:
        relay(at, transport=transport, settings=settings, is_stopping=stopping.is_set)


def tell_through(couriers: Couriers) -> None:
    """Say who carries letters to other systems in this process; until then they wait in the outbox."""
    _couriers[:] = [couriers]


def _tell_receivers(at: datetime) -> None:
    for couriers in _couriers:
        couriers.turn(at)


def _forget_replies(at: datetime) -> None:
    with db.transaction() as session:
        replies.forget(session, at=at)


def _let_holds_go(at: datetime) -> None:
    """A thousand at once and not for ever: whoever asks for stock meanwhile gets a turn, and so does a stop."""
    for _ in range(MOST_ROUNDS):
        with db.reading() as session:
            overdue = expiry.run_out(session, at)
        if not overdue:
            return
        with db.transaction() as session:
            expiry.sweep(session, overdue, at=at)


def _see_who_had_it(at: datetime) -> None:
    with db.transaction() as session:
        reliability.see(session, at=at)


def _note_arrivals(_: datetime) -> None:
    with db.transaction() as session:
        arrival.note(session)


def _ask_for_counts(at: datetime) -> None:
    with db.transaction() as session:
        count_cause.open_impossible(session, at=at)
        count_cause.open_plan(session, at=at)


SCHEDULE: list[tuple[str, int, Act]] = [
    # what it does, every how many seconds, how
    ("escalate unanswered tasks", 1, partial(sweep, escalation.due, escalation.escalate)),
    ("tell customers of late orders", 1, partial(sweep, escalation.late_due, escalation.tell_late)),
    ("send what waits in the outbox", 1, _send_waiting),
    ("let go of holds that ran out", 1, _let_holds_go),
    ("bring rules into force", 1, partial(sweep, rule_version.effect_due, rule_effects.take_effect)),
    ("notice sources that fell silent", 5, availability.listen),
    ("take in what waits at the door", 5, stock_intake.take_waiting),
    ("work out what may be sold", 1, availability.catch_up),
    ("tell channels what they may sell", 1, availability.tell_channels),
    ("send couriers to other systems", 1, _tell_receivers),
    ("find another way for what is short", 1, resource),
    ("look for another node for what one has not got", 1, partial(sweep, looking_again.due, looking_again.look)),
    ("give up on unpaid orders", 30, partial(sweep, unpaid.due, unpaid.give_up)),
    ("ask for counts", 60, _ask_for_counts),
    ("see how often places had not what was asked", 3600, _see_who_had_it),
    ("note what came to stay", 3600, _note_arrivals),
    ("forget old replies", 3600, _forget_replies),
]


def run_all(at: datetime) -> None:
    """Each line once, in order, with the clock in the caller's hand: for stories and tests."""
    for _, _, act in SCHEDULE:
        act(at)


def start(settings: Settings) -> Any:
    """Begin to tick, until `stop`. A demo without a mail server keeps letters in a folder."""
    scheduler = BackgroundScheduler(timezone="UTC")
    if settings.smtp_url:
        send_through(SmtpTransport(settings.smtp_url), settings)
    elif settings.is_demo:
        sink = MailSink(settings.var / FOLDER)
        send_through(SmtpTransport(sink.start()), settings)
        scheduler.add_listener(lambda _: sink.stop(), EVENT_SCHEDULER_SHUTDOWN)
    else:
        log.warning("SMTP_URL is not set: messages wait in the outbox")
    tell_through(Couriers(settings))
    watch = Watch(scheduler)
    scheduler.add_listener(lambda _: watch.stop(), EVENT_SCHEDULER_SHUTDOWN)
    for sentence, seconds, act in SCHEDULE:
        # A second instance finds the first one still at work, and leaves: a slow line keeps its own pace in silence.
        scheduler.add_job(partial(_tick, sentence, act, (Lock(), watch)), Every(seconds), id=sentence, name=sentence,
                          coalesce=True, max_instances=2, misfire_grace_time=None)  # fmt: skip
    scheduler.start()
    watch.start()
    return scheduler


def stop(scheduler: Any) -> bool:
    """No line begins any more; yes, when those at work came to their end within the grace."""
    for *_, stopping in _post:
        stopping.set()
    for couriers in _couriers:
        couriers.stop()
    began = monotonic()
    waiting = Thread(target=scheduler.shutdown, name="schedule-stop", daemon=True)
    waiting.start()
    waiting.join(GRACE_S)
    are_back = all(couriers.are_back(GRACE_S - (monotonic() - began)) for couriers in _couriers)
    return are_back and not waiting.is_alive()


def _tick(sentence: str, act: Act, pace: tuple[Lock, Watch]) -> None:
    """A line that fails today is tried again at its next turn, and stops no other."""
    at_work, watch = pace
    watch.seen()
    if not at_work.acquire(blocking=False):
        return
    try:
        act(clock.now())
    except Exception:
        log.exception("a line of the schedule failed", line=sentence)
    finally:
        at_work.release()
