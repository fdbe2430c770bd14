"""The board, a store's first page, and what a tablet that missed something fetches."""

from flask import Blueprint, redirect, request
from markupsafe import Markup

from app import db
from app.clock import now
from app.events import log
from app.pickup import board as boards
from app.web.fragments import fragment, page, partial
from app.web.last_actions import undo_of
from app.web.viewer import viewer

board = Blueprint("board", __name__)


@board.get("/")
def show():
    if viewer().store_id is None:
        return redirect("/region", code=303)
    with db.reading() as session:
        whole = boards.of(session, viewer().store(session), at=now())
        said = whole.summary
        return page("board/board.html", board=whole, sentence=said.sentence, problems_open=said.problems_open,
                    undo=undo_of(session))  # fmt: skip


@board.get("/board")
def catch_up():
    """Nothing when nothing happened since; else the whole board, which morphs into place."""
    with db.reading() as session:
        store = viewer().store(session)
        if request.args.get("since", type=int) == log.version(session, f"store/{store.id}"):
            return "", 204
        whole = boards.of(session, store, at=now())
        said = whole.summary
        drawn = fragment("board/_board.html", board=whole, at=now())
        numbers = (("#sentence", said.sentence), ("#problems-n", str(said.problems_open or "")))
        return drawn + "".join(partial(target, Markup.escape(words)) for target, words in numbers)
