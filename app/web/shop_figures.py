"""What the database says at the moment somebody asks for figures: the shop's work, and how late anything is."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

import sqlalchemy as sa
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col

from app import db
from app.clock import now
from app.events import backlog, inbox, sequence
from app.events.inbox import InboxState
from app.events.outbox import OutboxState
from app.notices.notice import TOPIC
from app.oms import freshness, shortfall, touched
from app.oms.order import Order
from app.pickup import escalation
from app.pickup.escalation import Escalation
from app.pickup.exception_case import CaseKind, ExceptionCase
from app.pickup.task import PickupTask
from app.pickup.task_status import TaskStatus
from app.webhooks import receiver as receivers

Figure = GaugeMetricFamily
NO_EFFECT_YET = (InboxState.RECEIVED, InboxState.REJECTED, InboxState.DEAD)
STILL_TO_DO = (OutboxState.PENDING, OutboxState.SENDING, OutboxState.FAILED)


class ShopFigures(Collector):
    """Read anew at each visit, so that every process tells the same; without a database only that it is away."""

    def collect(self) -> Iterator[Figure]:
        """The database's figures, then whether there is one."""
        try:
            with db.reading() as session:
                figures = list(_figures(session))
        except SQLAlchemyError:
            figures = []
        yield from figures
        yield Figure("readyshelf_database_up", "Whether the database answers", float(bool(figures)))
        yield Figure("readyshelf_deaf_listeners", "Commits a listener did not hear of", db.current().deaf)


def late(due_at: datetime | None) -> float:
    """Seconds since something was due."""
    return max(0.0, round((now() - due_at).total_seconds(), 3)) if due_at is not None else 0.0


def _figures(session: Session) -> Iterator[Figure]:
    climbs, waits = escalation.oldest_due(session), backlog.oldest_due(session, TOPIC)
    orders = session.execute(sa.select(sa.func.count()).select_from(Order)).scalar_one()
    yield Figure("readyshelf_escalation_late_seconds", "How overdue the most overdue timer is", late(climbs))
    yield Figure("readyshelf_outbox_late_seconds", "How overdue the oldest message is", late(waits))
    yield from _receivers(session)
    yield Figure("readyshelf_orders", "Orders taken so far", orders)
    yield _by(
        Figure("readyshelf_tasks", "Pickup tasks", labels=["status"]), _counted(session, PickupTask.status), TaskStatus
    )
    yield _by(Figure("readyshelf_outbox_messages", "Messages that have not left", labels=["state"]),
              backlog.waiting(session), STILL_TO_DO)  # fmt: skip
    yield _by(Figure("readyshelf_inbox_messages", "Messages from outside that had no effect yet", labels=["state"]),
              inbox.waiting(session), NO_EFFECT_YET)  # fmt: skip
    missed = sequence.oldest_gap(session)
    yield Figure("readyshelf_source_gap_seconds", "How long a message from outside has been missing", late(missed))
    yield Figure("readyshelf_stale_nodes", "Nodes with a source gone silent", len(freshness.stale(session, at=now())))
    waiting = touched.number_waiting(session)
    yield Figure("readyshelf_availability_waiting", "Changes of stock that no channel's number shows yet", waiting)
    shelves, units = shortfall.together(session)
    yield Figure("readyshelf_short_shelves", "Items at a node of which more is promised than there is", shelves)
    yield Figure("readyshelf_units_short", "Units promised that are not there, in what their item is sold by", units)
    problems = _counted(session, ExceptionCase.kind, col(ExceptionCase.ended_at).is_(None))
    yield _by(Figure("readyshelf_problems", "Open exception cases", labels=["kind"]), problems, CaseKind)
    climbed = {str(level): number for level, number in _counted(session, Escalation.level).items()}
    yield _by(Figure("readyshelf_escalations", "Rungs climbed so far", labels=["level"]), climbed, ("1", "2"))


def _receivers(session: Session) -> Iterator[Figure]:
    """Each queue by itself: one partner who is away is not to be lost among the others."""
    known, queues = receivers.everyone(session), backlog.queues(session)
    names = sorted({receiver.name for receiver in known} | queues.keys())
    lateness = Figure("readyshelf_receiver_late_seconds", "How overdue its oldest message is", labels=["receiver"])
    away = Figure("readyshelf_receiver_failures", "How often in a row nobody was there", labels=["receiver"])
    yield _by(lateness, {name: late(queues.get(name)) for name in names}, names)
    yield _by(away, {receiver.name: receiver.failures for receiver in known}, [receiver.name for receiver in known])


def _counted(session: Session, column: object, *which: "sa.ColumnElement[bool]") -> dict[str, int]:
    by = col(column)
    return {
        str(value): number
        for value, number in session.execute(sa.select(by, sa.func.count()).where(*which).group_by(by))
    }


def _by(figure: Figure, counted: Mapping[str, float], known: Iterable[str]) -> Figure:
    """Every value that could be is told, also when there is none of it: a gap in a curve is not a nought."""
    for value in known:
        figure.add_metric([str(value)], counted.get(str(value), 0))
    return figure
