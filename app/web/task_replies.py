"""What comes back from an act on a task: its card, the numbers above it, the undo slot, and the page it was done on."""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from flask import redirect
from markupsafe import Markup
from sqlmodel import Session

from app import db
from app.clock import now
from app.pickup import board, card, undo
from app.pickup.task import PickupTask
from app.pickup.undo import Act
from app.refusals import Refusal
from app.web import last_actions, order_page, walk_page
from app.web.addresses import came_from
from app.web.fragments import fragment, partial, refused, tap, wants_fragment
from app.web.viewer import viewer

SHOWS_THE_TRUTH = frozenset({409, 422})


def order_shown() -> int | None:
    """The task on whose page this was done."""
    path = re.fullmatch(r"/pickup-tasks/(\d{1,9})", urlsplit(came_from()).path)
    return int(path[1]) if path else None


def task_act(act: Callable[..., Any]) -> Callable[..., Any]:
    """A route on one task: done once for each key; refused, the screen gets the card as it really is."""
    once = tap(act)

    @wraps(act)
    def route(task_id: int) -> Any:
        return or_say_no(lambda: once(task_id=task_id), task_id)

    return route


def or_say_no(act: Callable[[], Any], *task_ids: int) -> Any:
    """What the act answers; refused, the sentence, and the truth as it now stands."""
    try:
        return act()
    except Refusal as refusal:
        if refusal.status not in SHOWS_THE_TRUTH:
            raise
        if not wants_fragment():
            return refused(refusal)
        with db.reading() as session:
            return refused(refusal, *pieces(session, task_ids, at=now()))


def done(session: Session, *task_ids: int, at: datetime, sentence: str = "") -> Any:
    """Pieces for htmx; without scripts, back to the page."""
    if not wants_fragment():
        return redirect(came_from(), code=303)
    session.flush()
    said = [partial("#sentence", Markup.escape(sentence))] if sentence else []
    return "".join([*pieces(session, task_ids, at=at), *said])


def remember(session: Session, tasks: Sequence[PickupTask], act: Act, words: str, *, at: datetime) -> None:
    undo.remember(session, tasks, act, words, associate_id=viewer().id, at=at)


def pieces(session: Session, task_ids: Iterable[int], *, at: datetime) -> list[str]:
    store = viewer().store(session)
    redrawn = card.of_tasks(session, list(task_ids), at=at)
    cards = [fragment("pickup_tasks/_card.html", card=each, at=at) for each in redrawn]
    summary = board.summary(session, store.id, at=at)
    drawn = [partial("#board", "".join(cards), f"card version:{summary.version}")] if cards else []
    heads = fragment("pickup_tasks/_heads.html", summary=summary, at=at)
    slot = partial("#undo", fragment("_undo.html", undo=last_actions.undo_of(session)))
    return [*drawn, heads, slot, _page(session, at=at)]


def _page(session: Session, *, at: datetime) -> str:
    """What of the page itself has changed, when it is an order's page, the pick walk or the list of last actions."""
    path = urlsplit(came_from()).path
    shown = order_shown()
    if shown:
        drawn = order_page.draw(session, viewer().look_at_task(session, shown), at=at)
        return partial("#order", drawn, "outerMorph")
    if path == "/pick-walk":
        walk = walk_page.walk_of(session, urlsplit(came_from()).query)
        return partial("#walk", walk_page.draw(session, walk, at=at), "outerMorph") + partial(
            "#sentence", Markup.escape(walk.words)
        )
    if path == "/my-actions":
        return partial("#my-actions", last_actions.draw(session), "outerMorph")
    return ""
