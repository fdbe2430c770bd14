"""Counts: what the store has to look after, and counting it scan by scan without a word of what the books say."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Blueprint, redirect, request
from markupsafe import Markup
from sqlmodel import Session

from app import db
from app.clock import now
from app.oms.item import scanned_item
from app.pickup import count as counting
from app.pickup import count_posting, count_scan, exception_case
from app.pickup.count import CountCause, StockCount
from app.refusals import NotFound, Refusal, Unreadable
from app.web import counts_page, said, scans
from app.web.fragments import page, partial, refused, tap, wants_fragment
from app.web.last_actions import undo_of
from app.web.task_replies import SHOWS_THE_TRUTH, or_say_no
from app.web.viewer import viewer

counts = Blueprint("counts", __name__, url_prefix="/counts")


class NotCounted(Refusal):
    """Another item than the one this count is about."""


@counts.get("")
def show():
    with db.reading() as session:
        store = viewer().store(session)
        waiting = counts_page.waiting(session, store)
        words = f"{len(waiting)} to count." if waiting else "Nothing to count."
        return page("counts/counts.html", waiting=waiting, sentence=words, undo=undo_of(session),
                    problems_open=exception_case.count_living(session, store.id))  # fmt: skip


@counts.post("")
def start():
    """Whatever is scanned here is to be counted; a badge, a shelf or a code means what it means everywhere."""
    return or_say_no(lambda: tap(_start)() if scans.is_item() else scans.scan())


def _start(session: Session) -> Any:
    item, store = scanned_item(session, said.code()), viewer().store(session)
    count = counting.open_for(session, store_id=store.id, item_id=item.id, cause=CountCause.STARTED,
                              actor=f"associate/{viewer().id}", at=now())  # fmt: skip
    return redirect(f"/counts/{count.id}", code=303)


@counts.get("/<int:count_id>")
def look(count_id: int):
    with db.reading() as session:
        count = _of_this_store(session, session.get(StockCount, count_id))
        drawn = Markup(counts_page.draw(session, count))  # noqa: S704 - drawn by us
        return page("counts/count.html", name=count.item.name, drawn=drawn, sentence=counts_page.words(count),
                    undo=undo_of(session),
                    problems_open=exception_case.count_living(session, count.store_id))  # fmt: skip


Act = Callable[[Session, StockCount], None]


def _count_act(act: Act) -> Callable[..., Any]:
    """A route on one count: done once for each key; refused, the screen gets the count as it really is."""

    def one(session: Session, count_id: int) -> Any:
        count = _of_this_store(session, counting.locked(session, count_id))
        act(session, count)
        session.flush()
        return _pieces(session, count) if wants_fragment() else redirect(f"/counts/{count_id}", code=303)

    @wraps(act)
    def route(count_id: int) -> Any:
        try:
            return tap(one)(count_id=count_id)
        except Refusal as refusal:
            if refusal.status not in SHOWS_THE_TRUTH or not wants_fragment():
                raise
            with db.reading() as session:
                return refused(refusal, _pieces(session, session.get_one(StockCount, count_id)))

    return route


def _pieces(session: Session, count: StockCount) -> str:
    sentence = partial("#sentence", Markup.escape(counts_page.words(count)))
    return partial("#count", counts_page.draw(session, count), "outerMorph") + sentence


def _of_this_store(session: Session, count: StockCount | None) -> StockCount:
    if count is None or count.store_id != viewer().store(session).id:
        raise NotFound("There is no such count in this store.")
    return count


@counts.post("/<int:count_id>/scans")
def scan(count_id: int):
    is_typed = "amount" in request.form
    return _scan(count_id) if is_typed or scans.is_item() else or_say_no(scans.scan)


@_count_act
def _scan(session: Session, count: StockCount) -> None:
    is_typed = "amount" in request.form
    quantity = _typed(count) if is_typed else _scanned(session, count)
    count_scan.scan(session, count, quantity, associate_id=viewer().id, typed=is_typed, at=now())


def _scanned(session: Session, count: StockCount) -> int:
    item, wanted = scanned_item(session, said.code()), count.item
    if item.id != wanted.id:
        raise NotCounted(f"That's {item.full_name}. You are counting {wanted.full_name}.")
    if item.is_weighed:
        raise Unreadable(f"{item.name} is weighed: type how much there is.")
    return 1


def _typed(count: StockCount) -> int:
    said.check_ending_of(count.item)
    return said.amount(count.item)


@counts.post("/<int:count_id>/scans/undo")
@_count_act
def take_back(session: Session, count: StockCount) -> None:
    count_scan.take_back(session, count, associate_id=viewer().id, at=now())


@counts.post("/<int:count_id>/beginning")
@_count_act
def begin_again(session: Session, count: StockCount) -> None:
    count_scan.begin_again(session, count, associate_id=viewer().id, at=now())


@counts.post("/<int:count_id>/result")
@_count_act
def finish(session: Session, count: StockCount) -> None:
    count_posting.finish(session, count, associate_id=viewer().id, at=now())


@counts.post("/<int:count_id>/dismissal")
@_count_act
def dismiss(session: Session, count: StockCount) -> None:
    viewer().must_lead(viewer().store(session))
    reason = request.form.get("reason", "").strip()
    if not reason:
        raise Unreadable("Say in a few words why nobody has to count this.")
    count.drop(reason=reason[: exception_case.REASON_LENGTH], actor=f"associate/{viewer().id}", at=now())
