"""Every act on a pickup task, and the order's page; each act is answered with the task's card."""

from datetime import datetime

from flask import Blueprint, current_app, make_response, request
from sqlmodel import Session, select

from app import db
from app.clock import now
from app.drawing import plural
from app.pickup import handover, picking, put_back, short_picks, staging, undo
from app.pickup import task as tasks
from app.pickup.handover import HandoverMethod
from app.pickup.task import PickupTask
from app.pickup.task_status import TaskStatus
from app.pickup.undo import Act
from app.refusals import Refusal
from app.web import order_page, said
from app.web.fragments import REFUSAL, tap, wants_fragment
from app.web.task_replies import done, pieces, remember, task_act
from app.web.viewer import viewer

pickup_tasks = Blueprint("pickup_tasks", __name__, url_prefix="/pickup-tasks")
TAKEN_BACK = "<any(acknowledgement, picks, shorts, staging, handover, packing, shipment):noun>"


class WrongCode(Refusal):
    """Counted, and said."""

    status = 422


@pickup_tasks.get("/<int:task_id>")
def show(task_id: int):
    with db.reading() as session:
        task, at = viewer().look_at_task(session, task_id), now()
        return order_page.whole(session, task, at=at, code=request.args.get("code", "")[:40])


@pickup_tasks.post("/acknowledgements")
@tap
def acknowledge_all(session: Session):
    store, at = viewer().store(session), now()
    waiting = select(PickupTask.id).where(PickupTask.store_id == store.id, PickupTask.status == TaskStatus.REQUESTED)
    taken = [task for task in tasks.all_locked(session, session.exec(waiting)) if _take(task, at=at)]
    if taken:
        remember(session, taken, Act.ACKNOWLEDGEMENT, f"{plural(len(taken), 'order')} accepted", at=at)
    shown = max(request.form.get("of", 0, type=int), len(taken))
    return done(session, *(task.id for task in taken), at=at, sentence=f"{len(taken)} of {shown} accepted.")


def _take(task: PickupTask, *, at: datetime) -> bool:
    """Somebody else's in the meantime, or one that waits for its payment, is no failure of the others."""
    if task.status != TaskStatus.REQUESTED or not task.order.is_paid_enough:
        return False
    task.acknowledge(associate_id=viewer().id, at=at)
    return True


@pickup_tasks.post("/<int:task_id>/acknowledgement")
@task_act
def acknowledge(session: Session, task_id: int):
    task, at = viewer().task(session, task_id), now()
    task.acknowledge(associate_id=viewer().id, at=at)
    remember(session, [task], Act.ACKNOWLEDGEMENT, f"{task.order.number} accepted", at=at)
    return done(session, task_id, at=at)


@pickup_tasks.post("/<int:task_id>/picks")
@task_act
def pick(session: Session, task_id: int):
    task, at = viewer().task(session, task_id), now()
    line, is_typed = said.line(session, task)
    picking.pick(session, task, line, associate_id=viewer().id, typed=is_typed, at=at)
    remember(session, [task], Act.PICK, f"{line.item.name} picked for {task.order.number}", at=at)
    return done(session, task_id, at=at)


@pickup_tasks.post("/<int:task_id>/shorts")
@task_act
def short(session: Session, task_id: int):
    task, at = viewer().task(session, task_id), now()
    line = said.line_by_id(task)
    short_picks.short(session, task, line, reason=said.reason(), associate_id=viewer().id, at=at)
    remember(session, [task], Act.SHORT, f"{line.item.name} not picked for {task.order.number}", at=at)
    return done(session, task_id, at=at)


@pickup_tasks.post("/<int:task_id>/staging")
@task_act
def stage(session: Session, task_id: int):
    return stage_on(session, viewer().task(session, task_id), said.code())


def stage_on(session: Session, task: PickupTask, code: str):
    """A label that was scanned begins with its prefix; typed, only the shelf's name is."""
    at, is_typed = now(), not code.upper().startswith(staging.PREFIX)
    shelf = staging.location_for(session, task.store_id, code)
    staging.stage(session, task, shelf, associate_id=viewer().id, typed=is_typed, at=at)
    remember(session, [task], Act.STAGING, f"{task.order.number} staged on {shelf.code}", at=at)
    return done(session, task.id, at=at)


@pickup_tasks.post("/<int:task_id>/handover")
@task_act
def hand_over(session: Session, task_id: int):
    task, reason = viewer().task(session, task_id), request.form.get("reason")
    if reason is not None:
        viewer().must_lead(viewer().store(session))
    elif not handover.is_right_code(session, task, said.code(), _keys()):
        return _wrong_code(session, task)
    method, at = HandoverMethod.CODE if reason is None else HandoverMethod.LEAD, now()
    handover.hand_over(session, task, method=method, associate_id=viewer().id, at=at, reason=reason)
    remember(session, [task], Act.HANDOVER, f"{task.order.number} handed over", at=at)
    return done(session, task_id, at=at)


def _keys() -> list[str]:
    settings = current_app.config["SETTINGS"]
    return [settings.secret_key, *settings.secret_key_fallbacks]


def _wrong_code(session: Session, task: PickupTask):
    """Returned, not raised: the wrong code has to be counted."""
    wrong = WrongCode(f"That isn't the code of order {task.order.number}. Ask the customer to show it again.")
    if wants_fragment():
        return make_response(
            "".join([*pieces(session, [task.id], at=now()), REFUSAL.format(wrong.words)]), wrong.status
        )
    return make_response(order_page.whole(session, task, at=now(), refusal=wrong.words), wrong.status)


@pickup_tasks.post("/<int:task_id>/put-back")
@task_act
def put_unit_back(session: Session, task_id: int):
    task, at = viewer().task(session, task_id), now()
    line, _ = said.line(session, task)
    put_back.put_back(session, task, line, associate_id=viewer().id, at=at)
    return done(session, task_id, at=at)


@pickup_tasks.delete(f"/<int:task_id>/{TAKEN_BACK}")
@pickup_tasks.post(f"/<int:task_id>/{TAKEN_BACK}/undo")
def take_back(task_id: int, noun: str):
    """The same noun, taken back; a hand-off only by a lead."""

    def act(session: Session, task_id: int):
        task, at = viewer().task(session, task_id), now()
        if noun == Act.HANDOVER:
            viewer().must_lead(viewer().store(session))
        undo.take_back(session, task, Act(noun), associate_id=viewer().id, at=at)
        return done(session, task_id, at=at)

    return task_act(act)(task_id)
