"""Transfers as a store sees them: what comes, what is to be sent, and a delivery while it is taken in."""

from dataclasses import dataclass

from sqlmodel import Session, col, select

from app.drawing import plural
from app.oms import transfer as transfers
from app.oms.node import Node
from app.oms.order import FIRST_NUMBER
from app.oms.transfer import Transfer, TransferState
from app.people.store import Store
from app.web.fragments import fragment


@dataclass(frozen=True, kw_only=True)
class Trip:
    """One line of the list."""

    transfer_id: int
    title: str
    place: str
    order: str
    is_here_to_do: bool
    state: str


def coming(session: Session, store: Store) -> list[Trip]:
    words = {TransferState.REQUESTED: "Not sent yet", TransferState.SHIPPED: "On its way"}
    return [
        _trip(each, session.get_one(Node, each.from_id), words[each.state])
        for each in transfers.coming(session, store.id)
    ]


def to_send(session: Session, store: Store) -> list[Trip]:
    here = select(Transfer).where(Transfer.from_id == store.id, Transfer.state == TransferState.REQUESTED)
    found = session.exec(here.order_by(col(Transfer.requested_at), col(Transfer.id)))
    return [_trip(each, session.get_one(Node, each.to_id), "To send") for each in found]


def _trip(transfer: Transfer, other: Node, state: str) -> Trip:
    return Trip(
        transfer_id=transfer.id, title=plural(len(transfer.lines), "item"), place=f"{other.name} {other.code}",
        order=number(transfer), state=state, is_here_to_do=state != "Not sent yet",
    )  # fmt: skip


def number(transfer: Transfer) -> str:
    return str(FIRST_NUMBER + transfer.order_id) if transfer.order_id is not None else ""


def draw(session: Session, transfer: Transfer, *, store_id: int) -> str:
    is_ours = transfer.to_id == store_id
    other = session.get_one(Node, transfer.from_id if is_ours else transfer.to_id)
    return fragment(
        "transfers/_transfer.html", transfer=transfer, lines=transfer.lines, place=f"{other.name} {other.code}",
        order=number(transfer), is_coming=is_ours, state=transfer.state.value,
        version=sum(line.received for line in transfer.lines),
    )  # fmt: skip


def words(transfer: Transfer, *, store_id: int) -> str:
    """The sentence above it."""
    if transfer.state == TransferState.CANCELLED:
        return "It was called off."
    if transfer.to_id != store_id:
        is_here = transfer.state == TransferState.REQUESTED
        return "Take these from their shelves, and say when they have left." if is_here else "It has left."
    return {
        TransferState.REQUESTED: "It has not been sent yet.",
        TransferState.SHIPPED: "Scan everything that came.",
        TransferState.RECEIVED: _difference(transfer),
    }[transfer.state]


def _difference(transfer: Transfer) -> str:
    differ = [line for line in transfer.lines if line.received != line.shipped]
    if not differ:
        return "All of it came."
    said = ", ".join(f"{line.item.name} {line.item.said(line.received)} of {line.item.said(line.shipped)}"
                     for line in differ)  # fmt: skip
    return f"Taken in. Not as sent: {said}."
