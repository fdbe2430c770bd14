"""The pick walk as it is drawn: for whom, for which order, and what was skipped is read from its address."""

from datetime import datetime
from urllib.parse import parse_qs

from sqlmodel import Session

from app.pickup import pick_walk, walk_choice
from app.pickup.pick_walk import Walk
from app.web.fragments import fragment
from app.web.viewer import viewer

MOST_SKIPPED = 50


def walk_of(session: Session, query: str) -> Walk:
    said = parse_qs(query)
    task = next((int(word) for word in said.get("task", []) if _is_id(word)), None)
    skipped = [int(word) for word in ",".join(said.get("skip", [])).split(",") if _is_id(word)][:MOST_SKIPPED]
    store = viewer().store(session)
    way = walk_choice.way_of(session, viewer().device.id)
    return pick_walk.of(session, store.id, associate_id=viewer().id, way=way, task_id=task, skipped=skipped)


def draw(session: Session, walk: Walk, *, at: datetime) -> str:
    skipped = [str(each) for each in walk.skipped]
    now = walk.now
    again = [each for each in skipped if now is None or each != str(now.item.id)] + ([str(now.item.id)] if now else [])
    only = f"task={walk.task_id}&" if walk.task_id else ""
    zone, skip = viewer().store(session).time_zone, f"/pick-walk?{only}skip={','.join(again)}"
    return fragment("pick_walk/_walk.html", walk=walk, zone=zone, skip=skip, at=at)


def _is_id(word: str) -> bool:
    return word.isascii() and word.isdecimal() and 0 < len(word) < 10
