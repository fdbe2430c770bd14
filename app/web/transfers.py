"""Transfers at a store: what comes is taken in scan by scan, what is asked for from here is sent off."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Blueprint, redirect, request
from markupsafe import Markup
from sqlmodel import Session

from app import db
from app.clock import now
from app.oms import transfer as transferring
from app.oms import transfer_moves
from app.oms.item import Item, scanned_item
from app.oms.transfer import Transfer
from app.pickup import exception_case
from app.refusals import NotFound, Refusal, Unreadable
from app.web import said, scans, transfers_page
from app.web.fragments import page, partial, refused, tap, wants_fragment
from app.web.last_actions import undo_of
from app.web.task_replies import SHOWS_THE_TRUTH, or_say_no
from app.web.viewer import viewer

transfers = Blueprint("transfers", __name__, url_prefix="/transfers")


@transfers.get("")
def show():
    with db.reading() as session:
        store = viewer().store(session)
        coming, to_send = transfers_page.coming(session, store), transfers_page.to_send(session, store)
        here = sum(each.is_here_to_do for each in coming)
        words = f"{here} on the way here, {len(to_send)} to send."
        return page("transfers/transfers.html", coming=coming, to_send=to_send, sentence=words, undo=undo_of(session),
                    problems_open=exception_case.count_living(session, store.id))  # fmt: skip


@transfers.get("/<int:transfer_id>")
def look(transfer_id: int):
    with db.reading() as session:
        transfer = _of_this_store(session, session.get(Transfer, transfer_id))
        store = viewer().store(session)
        drawn = Markup(transfers_page.draw(session, transfer, store_id=store.id))  # noqa: S704 - drawn by us
        return page("transfers/transfer.html", drawn=drawn, sentence=transfers_page.words(transfer, store_id=store.id),
                    undo=undo_of(session),
                    problems_open=exception_case.count_living(session, store.id))  # fmt: skip


Act = Callable[[Session, Transfer], None]


def _transfer_act(act: Act) -> Callable[..., Any]:
    """A route on one transfer: done once for each key; refused, the screen gets it as it really is."""

    def one(session: Session, transfer_id: int) -> Any:
        transfer = _of_this_store(session, transferring.locked(session, transfer_id))
        act(session, transfer)
        session.flush()
        return _pieces(session, transfer) if wants_fragment() else redirect(f"/transfers/{transfer_id}", code=303)

    @wraps(act)
    def route(transfer_id: int) -> Any:
        try:
            return tap(one)(transfer_id=transfer_id)
        except Refusal as refusal:
            if refusal.status not in SHOWS_THE_TRUTH or not wants_fragment():
                raise
            with db.reading() as session:
                return refused(refusal, _pieces(session, session.get_one(Transfer, transfer_id)))

    return route


def _pieces(session: Session, transfer: Transfer) -> str:
    store_id = viewer().store(session).id
    sentence = partial("#sentence", Markup.escape(transfers_page.words(transfer, store_id=store_id)))
    return partial("#transfer", transfers_page.draw(session, transfer, store_id=store_id), "outerMorph") + sentence


def _of_this_store(session: Session, transfer: Transfer | None) -> Transfer:
    store = viewer().store(session)
    if transfer is None or store.id not in (transfer.from_id, transfer.to_id):
        raise NotFound("There is no such transfer in this store.")
    return transfer


def _must_be_coming(session: Session, transfer: Transfer) -> None:
    if transfer.to_id != viewer().store(session).id:
        raise NotFound("This is not on its way here.")


@transfers.post("/<int:transfer_id>/scans")
def scan(transfer_id: int):
    return _scan(transfer_id) if "amount" in request.form or scans.is_item() else or_say_no(scans.scan)


@_transfer_act
def _scan(session: Session, transfer: Transfer) -> None:
    _must_be_coming(session, transfer)
    item, quantity = _typed(transfer) if "amount" in request.form else _scanned(session)
    transferring.scan(transfer, item, quantity)


def _scanned(session: Session) -> tuple[Item, int]:
    item = scanned_item(session, said.code())
    if item.is_weighed:
        raise Unreadable(f"{item.name} is weighed: type how much there is.")
    return item, 1


def _typed(transfer: Transfer) -> tuple[Item, int]:
    """By the last digits of its label: on one delivery they are enough to tell one thing from another."""
    ending = request.form.get("ending", "").strip()
    found = {line.item_id: line.item for line in transfer.lines if line.item.code_ending == ending}
    if len(found) != 1:
        raise Unreadable("Those last 4 digits don't name one thing of this delivery. Look at the label again.")
    item = next(iter(found.values()))
    return item, said.amount(item)


@transfers.post("/<int:transfer_id>/scans/undo")
@_transfer_act
def take_back(session: Session, transfer: Transfer) -> None:
    _must_be_coming(session, transfer)
    wanted = request.form.get("line_id", 0, type=int)
    line = next((each for each in transfer.lines if each.id == wanted), None)
    if line is None:
        raise Unreadable("That isn't on this delivery.")
    transferring.take_back(transfer, line)


@transfers.post("/<int:transfer_id>/receipt")
@_transfer_act
def receive(session: Session, transfer: Transfer) -> None:
    _must_be_coming(session, transfer)
    transfer_moves.receive(session, transfer, actor=f"associate/{viewer().id}", at=now())


@transfers.post("/<int:transfer_id>/shipment")
@_transfer_act
def ship(session: Session, transfer: Transfer) -> None:
    if transfer.from_id != viewer().store(session).id:
        raise NotFound("This is not sent from here.")
    transfer_moves.ship(session, transfer, actor=f"associate/{viewer().id}", at=now())
