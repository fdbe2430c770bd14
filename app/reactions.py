"""When this happens, that follows; all of it, on one page, in the transaction of the change."""

from collections.abc import Mapping, Sequence

from app.events.log import DomainEvent, Reaction
from app.notices import events as notice_events
from app.notices import telling
from app.oms import asking, discrepancy, looking_again, order, routing_decision, shortfall, transfer
from app.oms import order_events as orders
from app.oms import transfer_events as transfers
from app.pickup import clock_events as clock
from app.pickup import (
    count_cause,
    escalation,
    exception_cause,
    oversold,
    payment_hold,
    picking,
    pickup_link,
    put_back,
    rerouting,
    tally,
    task_opening,
    transfer_wait,
)
from app.pickup import parcel_events as parcels
from app.pickup import task_events as tasks

REACTIONS: Mapping[type[DomainEvent], Sequence[Reaction]] = {
    orders.OrderPlaced: [pickup_link.create_for, telling.received],
    orders.OrderUnfulfillable: [exception_cause.unfulfillable, telling.delayed, looking_again.unfulfillable],
    orders.OrderReleased: [tally.in_turn, task_opening.open_for, rerouting.reopen, asking.released],
    routing_decision.OrderRouted: [exception_cause.routed],
    routing_decision.UnitsMovedOn: [tally.in_turn, rerouting.moved_on, exception_cause.moved_on, asking.changed],
    orders.PaymentFailed: [payment_hold.begin, telling.payment_failed],
    orders.PaymentRefunded: [payment_hold.begin, telling.payment_failed],
    orders.PaymentRecovered: [payment_hold.end, telling.payment_recovered],
    orders.UnitsCancelled: [tally.in_turn, picking.cut_short, exception_cause.lacks_less, asking.changed],
    orders.ShipmentLeft: [exception_cause.reached, exception_cause.left, telling.shipped, order.settle_for],
    orders.ShipmentTakenBack: [telling.shipment_taken_back, order.settle_for],
    orders.OrderCancelled: [
        tally.in_turn,
        transfer.order_cancelled,
        put_back.order_cancelled,
        exception_cause.order_cancelled,
        asking.changed,
        pickup_link.revoke_for,
        telling.cancelled,
    ],
    tasks.TaskOpened: [tally.fold],
    tasks.TaskAcknowledged: [tally.fold, escalation.close_for],
    tasks.AcknowledgementTakenBack: [tally.fold],
    tasks.UnitPicked: [tally.fold, oversold.fetched],
    tasks.PickTakenBack: [tally.fold],
    tasks.UnitsShort: [
        tally.fold,
        exception_cause.short_pick,
        count_cause.short_pick,
        oversold.fetched,
        rerouting.missed,
    ],
    tasks.ShortTakenBack: [
        tally.fold,
        exception_cause.short_taken_back,
        exception_cause.lacks_less,
        count_cause.short_taken_back,
        rerouting.found,
    ],
    tasks.TaskCutShort: [tally.fold, oversold.fetched],
    tasks.TaskUnfulfillable: [telling.nothing_found],
    tasks.TaskStaged: [tally.fold, telling.ready],
    tasks.StagingTakenBack: [tally.fold, telling.staging_taken_back],
    tasks.CustomerArrived: [tally.fold],
    tasks.ArrivalTakenBack: [tally.fold],
    tasks.TaskHandedOver: [tally.fold, exception_cause.reached, telling.collected, order.settle_for],
    tasks.HandoverTakenBack: [tally.fold, telling.handover_taken_back],
    parcels.UnitPacked: [tally.fold],
    parcels.TaskPacked: [tally.fold],
    parcels.PackingTakenBack: [tally.fold],
    parcels.TaskShipped: [tally.fold],
    parcels.ShippingTakenBack: [tally.fold],
    tasks.TaskAskedForMore: [tally.fold],
    tasks.TaskMoved: [tally.fold, escalation.close_for],
    tasks.TaskCancelled: [tally.fold, escalation.close_for],
    tasks.TaskPutBack: [tally.fold],
    tasks.TaskAwaitsTransfer: [tally.fold, escalation.close_for],
    tasks.TaskInTransit: [tally.fold],
    tasks.TaskReceived: [tally.fold, exception_cause.transfer_short],
    clock.TaskLate: [telling.delayed],
    transfers.TransferRequested: [transfer_wait.begin, exception_cause.transfer_asked, exception_cause.lacks_less],
    transfers.TransferShipped: [transfer_wait.shipped, exception_cause.does_not_come],
    transfers.TransferReceived: [transfer_wait.received],
    transfers.TransferCancelled: [transfer_wait.cancelled, exception_cause.does_not_come],
    discrepancy.SnapshotDiffered: [count_cause.snapshot_differed],
    shortfall.StockFellShort: [count_cause.fell_short, oversold.shelf_moved],
    shortfall.ShortfallEased: [count_cause.shortfall_eased, oversold.shelf_moved],
    notice_events.NoticeSent: [exception_cause.reached],
    notice_events.NoticeFailed: [exception_cause.undeliverable],
    notice_events.NoticeUndeliverable: [exception_cause.without_address],
}
