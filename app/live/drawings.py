"""What an event redraws: the cards of its tasks and what stands above them, drawn once for all screens of a store."""

from collections.abc import Sequence
from datetime import datetime

from markupsafe import Markup
from sqlmodel import Session

from app import drawing
from app.events.log import DomainEvent, Event
from app.notices import events as notices
from app.oms import channel_events as channels
from app.oms import discrepancy, outage, routing_decision, shortfall
from app.oms import order_events as orders
from app.oms import transfer_events as transfers
from app.pickup import board, card, exception_case
from app.pickup import clock_events as clock
from app.pickup import count_events as counts
from app.pickup import parcel_events as parcels
from app.pickup import task_events as tasks
from app.rules import rule_events as rules

DRAWN: set[type[DomainEvent]] = {
    tasks.TaskOpened, tasks.TaskAcknowledged, tasks.AcknowledgementTakenBack, tasks.TaskTakenOver, tasks.UnitPicked,
    tasks.PickTakenBack, tasks.UnitsShort, tasks.ShortTakenBack, tasks.TaskUnfulfillable, tasks.TaskCutShort,
    tasks.TaskStaged, tasks.StagingTakenBack, tasks.CustomerArrived, tasks.ArrivalTakenBack, tasks.TaskHandedOver,
    tasks.HandoverTakenBack, tasks.TaskCancelled, tasks.UnitPutBack, tasks.TaskPutBack,
    clock.TaskLate, clock.TaskEscalated, clock.EscalationAcknowledged,
    parcels.UnitPacked, parcels.TaskPacked, parcels.PackingTakenBack, parcels.TaskShipped, parcels.ShippingTakenBack,
    tasks.TaskMoved, tasks.TaskAskedForMore,
    tasks.TaskAwaitsTransfer, tasks.TaskInTransit, tasks.TaskReceived,
    exception_case.CaseOpened, exception_case.CaseAcknowledged, exception_case.CaseChanged, exception_case.CaseEnded,
}  # fmt: skip
SILENT: set[type[DomainEvent]] = {
    tasks.TaskEvent, exception_case.CaseEvent, orders.OrderEvent, notices.NoticeEvent,  # never occur by themselves
    orders.OrderPlaced, orders.OrderUnfulfillable, orders.OrderReleased, orders.PaymentFailed, orders.PaymentRecovered,
    orders.OrderCancelled, orders.PaymentRefunded, orders.RefundDue, orders.UnitsCancelled,
    routing_decision.OrderRouted, routing_decision.UnitsMovedOn,
    outage.NodeEvent, outage.NodeWentDown, outage.NodeCameUp,
    orders.ShipmentLeft, orders.ShipmentTakenBack,
    rules.RuleEvent, rules.RulesPublished, rules.RulesWithdrawn,
    channels.ChannelEvent, channels.ChannelPoolChanged, channels.ItemAllotted, channels.AllotmentTakenBack,
    notices.NoticeSent, notices.NoticeFailed, notices.NoticeUndeliverable,
    counts.CountEvent, counts.CountOpened, counts.RecountAsked, counts.CountPosted, counts.CountDropped,
    discrepancy.SnapshotDiffered,
    shortfall.ShortfallEvent, shortfall.StockFellShort, shortfall.ShortfallEased,
    transfers.TransferEvent, transfers.TransferRequested, transfers.TransferShipped, transfers.TransferReceived,
    transfers.TransferCancelled,
}  # fmt: skip
"""What an order's event means for a store is a task's event; a notice that fails opens a case."""

_DRAWN_NAMES = {kind.__name__ for kind in DRAWN}
_CARDS = Markup('<hx-partial hx-target="#board" hx-swap="card version:{}">{}</hx-partial>')
_REGION = Markup('<hx-partial hx-target="#region-version" hx-swap="innerMorph">{}:{}</hx-partial>')


def draw(session: Session, stream: str, events: Sequence[Event], at: datetime) -> str:
    """One frame for one stream; empty when nothing on a screen changed."""
    told = [event for event in events if event.kind in _DRAWN_NAMES]
    if not told:
        return ""
    version = events[-1].seq
    task_ids = sorted({event.data["task_id"] for event in told if event.data["task_id"] is not None})
    store_id = int(stream.removeprefix("store/"))
    heads = drawing.draw("pickup_tasks/_heads.html", summary=board.summary(session, store_id, at=at), at=at)
    return _cards(session, task_ids, version, at=at) + Markup(heads) + _REGION.format(stream, version)  # noqa: S704


def _cards(session: Session, task_ids: Sequence[int], version: int, *, at: datetime) -> Markup:
    """A case without a task redraws no card, but the board has still come as far as `version`."""
    redrawn = card.of_tasks(session, task_ids, at=at)
    drawn = [drawing.draw("pickup_tasks/_card.html", card=each, at=at) for each in redrawn]
    return _CARDS.format(version, Markup("".join(drawn)))  # noqa: S704
