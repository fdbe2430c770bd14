"""The pick walk: one stop at a time for all orders in hand; a scan counts for the first order that needs the item."""

from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, request
from markupsafe import Markup
from sqlmodel import Session

from app import db
from app.clock import now
from app.oms.item import scanned_item
from app.pickup import exception_case, picking, short_picks, walk_choice
from app.pickup import pick_walk as walks
from app.pickup import task as tasks
from app.pickup.pick_walk import Stop, Walk
from app.pickup.picking import NotInThisOrder
from app.pickup.undo import Act
from app.pickup.walk_choice import Way
from app.refusals import Unreadable
from app.web import said, scans, walk_page
from app.web.fragments import page, tap
from app.web.last_actions import undo_of
from app.web.task_replies import done, or_say_no, remember
from app.web.viewer import viewer

pick_walk = Blueprint("pick_walk", __name__, url_prefix="/pick-walk")


@pick_walk.get("")
def show():
    with db.reading() as session:
        walk, at = walk_page.walk_of(session, request.query_string.decode(errors="replace")), now()
        return page("pick_walk/walk.html", drawn=Markup(walk_page.draw(session, walk, at=at)),  # noqa: S704
                    sentence=walk.words, undo=undo_of(session),
                    problems_open=exception_case.count_living(session, viewer().store(session).id))  # fmt: skip


@pick_walk.post("/way")
@tap
def choose(session: Session):
    """By aisle, or late orders first: for whoever walks with this tablet."""
    try:
        way = Way(request.form.get("way", ""))
    except ValueError as unknown:
        raise Unreadable("A walk goes by aisle, or late orders first.") from unknown
    viewer().store(session)  # a desk has no walk
    walk_choice.choose(session, viewer().device.id, way)
    return done(session, at=now())


@pick_walk.post("/scans")
def scan():
    """A shelf, a pickup code or a badge means on the walk what it means everywhere."""
    return or_say_no(lambda: tap(_scan)() if "item_id" in request.form or scans.is_item() else scans.scan())


@pick_walk.post("/shorts")
def short():
    return or_say_no(tap(_short))


def _walk(session: Session) -> Walk:
    """The same scope that the page was drawn with."""
    scope = {name: request.form[name] for name in ("task", "skip") if request.form.get(name)}
    return walk_page.walk_of(session, urlencode(scope))


def _scan(session: Session) -> Any:
    walk, at = _walk(session), now()
    stop = _typed(walk)
    is_typed = stop is not None
    stop = stop or _scanned(session, walk)
    task = viewer().task(session, stop.totes[0].task_id)
    line = picking.line_for(task, stop.item)
    if "item_id" in request.form:
        said.check_ending(line)
    picking.pick(session, task, line, associate_id=viewer().id, typed=is_typed, at=at)
    remember(session, [task], Act.PICK, f"{line.item.name} picked for {task.order.number}", at=at)
    return done(session, task.id, at=at)


def _short(session: Session) -> Any:
    """It isn't there: for none of the orders that still wait for it at this stop; taken back for all of them too."""
    stop, at = _named(_walk(session)), now()
    shorted = tasks.all_locked(session, (tote.task_id for tote in stop.totes))
    for task in shorted:
        line = picking.line_for(task, stop.item)
        short_picks.short(session, task, line, reason=said.reason(), associate_id=viewer().id, at=at)
    numbers = ", ".join(task.order.number for task in shorted)
    remember(session, shorted, Act.SHORT, f"{stop.item.name} not picked for {numbers}", at=at)
    return done(session, *(task.id for task in shorted), at=at)


def _typed(walk: Walk) -> Stop | None:
    """The last four digits belong to the stop on the screen, also when they are typed where codes are scanned."""
    if "item_id" in request.form:
        return _named(walk)
    return walk.now if walk.now and said.code() == walk.now.item.code_ending else None


def _named(walk: Walk) -> Stop:
    wanted = request.form.get("item_id", 0, type=int)
    stop = next((stop for stop in walk.stops if stop.item.id == wanted and stop.left), None)
    if stop is None:
        raise Unreadable("Nothing of that is left to pick on this walk.")
    return stop


def _scanned(session: Session, walk: Walk) -> Stop:
    item = scanned_item(session, said.code())
    known = next((stop for stop in walk.stops if stop.item.id == item.id), None)
    if known is not None and known.left:
        return known
    if known is not None:
        raise walks.StopDone(f"All {known.picked} of {item.name} are picked already.")
    raise NotInThisOrder(picking.not_that(item, walk.now.item if walk.now else None))
