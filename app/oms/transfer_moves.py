"""How a transfer moves stock: out of one node and onto its way, then in; each on one page, and conserved in sum."""

from collections.abc import Mapping
from datetime import datetime

from sqlmodel import Session, col, select

from app.oms import inventory
from app.oms.inventory import Change, Page, Reason
from app.oms.order_line import OrderLine
from app.oms.reservation import Reservation, ReservationState
from app.oms.transfer import NotForTransfer, Transfer, TransferLine, TransferState
from app.oms.transfer_events import TransferCancelled, TransferReceived, TransferShipped


def ship(
    session: Session, transfer: Transfer, *, actor: str, at: datetime, sent: Mapping[int, int] | None = None
) -> None:
    """It leaves: all that is kept for it, or less of some items (`sent`: units by item), whose rest is let go."""
    transfer.must_be(TransferState.REQUESTED)
    left = dict(sent or {})
    if left.keys() - {line.item_id for line in transfer.lines} or any(units < 0 for units in left.values()):
        raise NotForTransfer(f"That is not on transfer {transfer.id}.")
    keys = [(line.item_id, node_id) for line in transfer.lines for node_id in (transfer.from_id, transfer.to_id)]
    page = inventory.open_page(session, keys)
    claims = _claims(session, transfer)
    for line in transfer.lines:
        claim = claims[line.item_id, line.order_line_id]
        line.shipped = min(left.get(line.item_id, claim.open_quantity), claim.open_quantity)
        if line.item_id in left:
            left[line.item_id] -= line.shipped
        _unfill(session, line, claim.open_quantity - line.shipped)
        _leave(page, transfer, line, claim, actor=actor, at=at)
    if any(left.values()):
        raise NotForTransfer("More can't be sent than was kept for it.")
    if not any(line.shipped for line in transfer.lines):
        raise NotForTransfer("Nothing of it is sent: call it off instead.")
    page.save()
    transfer.state, transfer.shipped_at = TransferState.SHIPPED, at
    transfer.say(TransferShipped, actor=actor, at=at)


def _leave(page: Page, transfer: Transfer, line: TransferLine, claim: Reservation, *, actor: str, at: datetime) -> None:
    rest = claim.open_quantity - line.shipped
    claim.use_up(consumed=line.shipped, released=rest)
    if line.shipped:
        out = transfer.cause(Reason.TRANSFER_OUT, actor=actor, at=at)
        gone = Change(item_id=line.item_id, node_id=transfer.from_id, on_hand=-line.shipped, reserved=-line.shipped)
        page.enter(gone, out)
        page.enter(Change(item_id=line.item_id, node_id=transfer.to_id, in_transit=line.shipped), out)
    if rest:
        let_go = transfer.cause(Reason.RELEASED, actor=actor, at=at)
        page.enter(Change(item_id=line.item_id, node_id=transfer.from_id, reserved=-rest), let_go)


def _unfill(session: Session, line: TransferLine, rest: int) -> None:
    """Units the order still waits for, and that do not come with this transfer."""
    if line.order_line_id is not None and rest:
        session.get_one(OrderLine, line.order_line_id).move("reserved", "unfilled", rest)


def _claims(session: Session, transfer: Transfer) -> dict[tuple[int, int | None], Reservation]:
    kept = select(Reservation).where(Reservation.admission_key == transfer.document).with_for_update()
    found = session.exec(kept.order_by(col(Reservation.id)).execution_options(populate_existing=True))
    return {(claim.item_id, claim.order_line_id): claim for claim in found}


def receive(session: Session, transfer: Transfer, *, actor: str, at: datetime) -> None:
    """What was counted in is on the shelf, and promised to the order that waited for it; what differs has a name."""
    transfer.must_be(TransferState.SHIPPED)
    page = inventory.open_page(session, [(line.item_id, transfer.to_id) for line in transfer.lines])
    for line in transfer.lines:
        _promise(session, transfer, line, at=at)
        _arrive(page, transfer, line, actor=actor, at=at)
    page.save()
    transfer.state, transfer.ended_at = TransferState.RECEIVED, at
    variance = sum(line.shipped - line.received for line in transfer.lines)
    transfer.say(TransferReceived, actor=actor, at=at, variance=variance)


def _arrive(page: Page, transfer: Transfer, line: TransferLine, *, actor: str, at: datetime) -> None:
    """In one movement with its promise: nobody can slip in between a customer and what came for them."""
    as_sent = min(line.shipped, line.received)
    if as_sent:
        arrived = Change(item_id=line.item_id, node_id=transfer.to_id, in_transit=-as_sent, on_hand=as_sent,
                         reserved=line.for_order)  # fmt: skip
        page.enter(arrived, transfer.cause(Reason.TRANSFER_IN, actor=actor, at=at))
    missing = line.shipped - as_sent
    surplus = line.received - as_sent
    if missing or surplus:
        differs = Change(item_id=line.item_id, node_id=transfer.to_id, in_transit=-missing, on_hand=surplus)
        page.enter(differs, transfer.cause(Reason.TRANSFER_VARIANCE, actor=actor, at=at))


def _promise(session: Session, transfer: Transfer, line: TransferLine, *, at: datetime) -> None:
    if line.order_line_id is None or not line.shipped:
        return
    waiting = session.get_one(OrderLine, line.order_line_id)
    needed = min(line.shipped, waiting.reserved)
    line.for_order = min(needed, line.received)
    waiting.move("reserved", "unfilled", needed - line.for_order)
    if line.for_order:
        session.add(Reservation(order_line_id=waiting.id, item_id=line.item_id, node_id=transfer.to_id,
                                channel=waiting.order.channel, quantity=line.for_order, reserved_at=at,
                                state=ReservationState.HARD))  # fmt: skip


def cancel(session: Session, transfer: Transfer, *, reason: str, actor: str, at: datetime) -> None:
    """Called off before it left: what was kept for it is free again."""
    transfer.must_be(TransferState.REQUESTED)
    page = inventory.open_page(session, [(line.item_id, transfer.from_id) for line in transfer.lines])
    claims = _claims(session, transfer)
    for line in transfer.lines:
        claim = claims[line.item_id, line.order_line_id]
        rest = claim.open_quantity
        claim.use_up(released=rest)
        if rest:
            freed = Change(item_id=line.item_id, node_id=transfer.from_id, reserved=-rest)
            page.enter(freed, transfer.cause(Reason.RELEASED, actor=actor, at=at))
        _unfill(session, line, rest)
    page.save()
    transfer.state, transfer.ended_at = TransferState.CANCELLED, at
    transfer.say(TransferCancelled, actor=actor, at=at, reason=reason)
