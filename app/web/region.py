"""The region's desk: how well its stores keep their promises, and what waits for a manager's decision."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Blueprint, make_response, redirect, request
from sqlmodel import Session, col, select

from app import db
from app.clock import now
from app.drawing import plural, span_words
from app.events import log
from app.measures import decisions, figures
from app.measures.decisions import Decision
from app.measures.figures import Figures, Share
from app.notices import delivery
from app.oms import freshness
from app.people.store import Store
from app.pickup import escalation, oversold, task
from app.pickup.escalation import AlreadyOwned
from app.refusals import NotFound
from app.web.fragments import fragment, page, partial, refused, tap, wants_fragment
from app.web.viewer import NotYours, viewer

region = Blueprint("region", __name__)
PERIODS = {"1": "24 hours", "7": "7 days", "28": "28 days"}
NOTHING_YET = "Not enough yet"


@dataclass(frozen=True, kw_only=True)
class Tile:
    """One figure: its name, its value and what it was counted from."""

    name: str
    value: str
    words: str
    is_good: bool = False


@dataclass(frozen=True, kw_only=True)
class Desk:
    """All the region's page shows; the same for whoever looks, but for `may_act`."""

    version: int
    period: str
    tiles: tuple[Tile, ...]
    decisions: tuple[Decision, ...]
    sentence: str
    may_act: bool

    @property
    def open_count(self) -> int:
        return len(self.decisions)


@region.get("/region")
def show():
    """The region's page."""
    at = now()
    with db.reading() as session:
        desk = _desk(session, at=at)
    return page(
        "region/page.html", sentence=desk.sentence, problems_open=desk.open_count, desk=desk, periods=PERIODS, at=at
    )


@region.get("/region/desk")
def catch_up():
    """The page's inside, if anything was recorded in the region since the version that is on the screen."""
    at = now()
    with db.reading() as session:
        if request.args.get("since") == str(_version(session, _region_id())):
            return make_response("", 204)
        return _drawn(_desk(session, at=at), at=at)


@region.post("/region/escalations/<int:escalation_id>/acknowledgement")
@tap
def acknowledge(session: Session, escalation_id: int):
    """Own an escalation: the first manager wins, the second one sees who it was."""
    at, region_id = now(), _region_id()
    row = decisions.in_region(session, region_id, escalation_id)
    if row is None:
        raise NotFound("There is no such escalation in this region.")
    if not viewer().reach.may_manage(region_id):
        raise NotYours("Only the region's manager can take on an escalation.")
    about = task.locked(session, row.task_id)
    session.refresh(row)
    if row.owner_id != viewer().id:
        try:
            escalation.acknowledge(session, row, about, associate_id=viewer().id, at=at)
        except AlreadyOwned as no:
            return refused(no, _drawn(_desk(session, at=at), at=at))
    session.flush()
    return _drawn(_desk(session, at=at), at=at) if wants_fragment() else redirect("/region", 303)


def _region_id() -> int:
    """The region this desk stands for, as long as its person may look at it."""
    region_id = viewer().region_id
    if region_id is None or not viewer().reach.may_look_at(region_id):
        raise NotFound
    return region_id


def _desk(session: Session, *, at: datetime) -> Desk:
    region_id, period = _region_id(), request.args.get("period", "1")
    if period not in PERIODS:
        raise NotFound
    told = figures.of_region(session, region_id, since=at - timedelta(days=int(period)), until=at)
    waiting = decisions.waiting(session, region_id)
    return Desk(
        version=_version(session, region_id),
        period=period,
        tiles=(
            *_tiles(told, delivery.before_staging(session)),
            _owing(session, region_id),
            _silent(session, region_id, at=at),
        ),
        decisions=tuple(waiting),
        sentence=_sentence(waiting, at),
        may_act=viewer().reach.may_manage(region_id),
    )


def _drawn(desk: Desk, *, at: datetime) -> str:
    inside = fragment("region/_desk.html", desk=desk, periods=PERIODS, at=at)
    return "".join([inside, partial("#sentence", desk.sentence), partial("#decisions-n", str(desk.open_count or ""))])


def _version(session: Session, region_id: int) -> int:
    """Grows with every event of every store of the region."""
    heads = log.heads(session)
    return sum(
        heads.get(f"store/{each}", 0) for each in session.exec(select(Store.id).where(Store.region_id == region_id))
    )


def _sentence(waiting: Sequence[Decision], at: datetime) -> str:
    if not waiting:
        return "Nothing needs a decision."
    nobody = sum(each.owner is None for each in waiting)
    overdue = sum(each.owner is None and each.answer_due_at <= at for each in waiting)
    said = f"{plural(len(waiting), 'order needs', 'orders need')} a decision, {nobody or 'none'} without an owner."
    return f"{said} {overdue} past the answer time." if overdue else said


def _tiles(told: Figures, too_early: int) -> tuple[Tile, ...]:
    return (
        _share("Ready on time", told.ready, "order"),
        _share("Acknowledged on time", told.acknowledged, "order"),
        _span("Typical wait at the counter", told.wait, "From “I’m here” to the hand-off"),
        _span("Typical time to the shelf", told.to_shelf, "From the order to its bag on the shelf"),
        Tile(
            name="“Ready” before it was on the shelf",
            value=str(too_early),
            words="Every customer was told the truth" if not too_early else "Told too early, ever",
            is_good=not too_early,
        ),
    )


def _owing(session: Session, region_id: int) -> Tile:
    """Orders whose shelf owes more than it has, as it stands now."""
    number, stores = oversold.in_region(session, region_id)
    words = f"In {plural(stores, 'store')}, to be counted first" if number else "Nothing is promised that isn’t there"
    return Tile(name="Orders that may lack stock", value=str(number), words=words, is_good=not number)


def _silent(session: Session, region_id: int, *, at: datetime) -> Tile:
    """Stores whose tills or back office have not been heard: more of their stock is kept back meanwhile."""
    here = select(Store).where(Store.region_id == region_id, col(Store.id).in_(freshness.stale(session, at=at)))
    titles = [store.title for store in session.exec(here.order_by(col(Store.code)))]
    words = ", ".join(titles) if titles else "No till or back office has fallen silent"
    return Tile(name="Stores whose stock is old news", value=str(len(titles)), words=words, is_good=not titles)


def _share(name: str, share: Share, noun: str) -> Tile:
    if share.percent is None:
        return Tile(name=name, value="–", words=NOTHING_YET)
    return Tile(name=name, value=f"{share.percent:g}%", words=f"{share.kept} of {plural(share.of, noun)}")


def _span(name: str, span: timedelta | None, words: str) -> Tile:
    return (
        Tile(name=name, value="–", words=NOTHING_YET)
        if span is None
        else Tile(name=name, value=span_words(span), words=words)
    )
