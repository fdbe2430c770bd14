"""My last twenty actions, and taking one of them back."""

from typing import Any

from flask import Blueprint
from markupsafe import Markup
from sqlmodel import Session

from app import db
from app.clock import now
from app.pickup import exception_case, undo
from app.pickup.undo import Act, Deed
from app.refusals import NotFound
from app.web import last_actions
from app.web.fragments import page, tap
from app.web.task_replies import done, or_say_no
from app.web.viewer import viewer

my_actions = Blueprint("my_actions", __name__, url_prefix="/my-actions")


@my_actions.get("")
def show():
    with db.reading() as session:
        problems = exception_case.count_living(session, viewer().store(session).id)
        return page("my_actions/my_actions.html", drawn=Markup(last_actions.draw(session)),  # noqa: S704
                    problems_open=problems, undo=last_actions.undo_of(session))  # fmt: skip


@my_actions.post("/<int:deed_id>/undo")
def take_back(deed_id: int):
    with db.reading() as session:
        about = _deed(session, deed_id).task_ids
    return or_say_no(lambda: tap(_take_back)(deed_id=deed_id), *about)


def _take_back(session: Session, deed_id: int) -> Any:
    deed, at = _deed(session, deed_id), now()
    if deed.act == Act.HANDOVER:
        viewer().must_lead(viewer().store(session))
    undo.undo(session, deed, associate_id=viewer().id, at=at)
    return done(session, *deed.task_ids, at=at)


def _deed(session: Session, deed_id: int) -> Deed:
    deed = session.get(Deed, deed_id)
    if deed is None or (deed.associate_id, deed.store_id) != (viewer().id, viewer().store(session).id):
        raise NotFound("That is none of your last actions here.")
    return deed
