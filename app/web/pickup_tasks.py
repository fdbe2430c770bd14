"""Every act on a pickup task, and the order's page; each act is answered with the task's card."""

from flask import Blueprint, current_app, make_response, request
from markupsafe import Markup
from sqlmodel import Session, col, select

from app import db
from app.clock import now
from app.oms.item import scanned_item
from app.oms.order import OrderLine
from app.pickup import handover, picking, put_back, staging, undo
from app.pickup import task as tasks
from app.pickup.handover import HandoverMethod
from app.pickup.picking import ShortReason
from app.pickup.task import PickupTask
from app.pickup.task_status import TaskStatus
from app.pickup.undo import Act
from app.refusals import Refusal, Unreadable
from app.web import order_page
from app.web.fragments import REFUSAL, page, tap, wants_fragment
from app.web.task_replies import done, pieces, remember, task_act, undo_of
from app.web.viewer import viewer

pickup_tasks = Blueprint("pickup_tasks", __name__, url_prefix="/pickup-tasks")


class WrongCode(Refusal):
    """Counted, and said."""

    status = 422


@pickup_tasks.get("/<int:task_id>")
def show(task_id: int):
    with db.reading() as session:
        task, at = viewer().look_at_task(session, task_id), now()
        drawn = order_page.draw(session, task, at=at, code=request.args.get("code", "")[:40])
        return page("pickup_tasks/order.html", number=task.order.number, drawn=Markup(drawn), undo=undo_of(session))  # noqa: S704


@pickup_tasks.post("/acknowledgements")
@tap
def acknowledge_all(session: Session):
    store, at = viewer().store(session), now()
    waiting = select(PickupTask.id).where(PickupTask.store_id == store.id, PickupTask.status == TaskStatus.REQUESTED)
    ids = list(session.exec(waiting.order_by(col(PickupTask.order_id))))
    taken = [task_id for task_id in ids if _take(tasks.locked(session, task_id))]
    shown = max(request.form.get("of", 0, type=int), len(taken))
    return done(session, *taken, at=at, sentence=f"{len(taken)} of {shown} accepted.")


def _take(task: PickupTask) -> bool:
    """Somebody else's in the meantime is no failure of the others."""
    if task.status != TaskStatus.REQUESTED:
        return False
    task.acknowledge(associate_id=viewer().id, at=now())
    return True


@pickup_tasks.post("/<int:task_id>/acknowledgement")
@task_act
def acknowledge(session: Session, task_id: int):
    task, at = viewer().task(session, task_id), now()
    task.acknowledge(associate_id=viewer().id, at=at)
    remember(session, task, Act.ACKNOWLEDGEMENT, f"{task.order.number} accepted", at=at)
    return done(session, task_id, at=at)


@pickup_tasks.post("/<int:task_id>/picks")
@task_act
def pick(session: Session, task_id: int):
    task, at = viewer().task(session, task_id), now()
    line, is_typed = _named_line(session, task)
    picking.pick(session, task, line, associate_id=viewer().id, typed=is_typed, at=at)
    remember(session, task, Act.PICK, f"{line.item.name} picked for {task.order.number}", at=at)
    return done(session, task_id, at=at)


@pickup_tasks.post("/<int:task_id>/shorts")
@task_act
def short(session: Session, task_id: int):
    task, at = viewer().task(session, task_id), now()
    line = line_named(task)
    picking.short(session, task, line, reason=reason_said(), associate_id=viewer().id, at=at)
    remember(session, task, Act.SHORT, f"{line.item.name} not picked for {task.order.number}", at=at)
    return done(session, task_id, at=at)


@pickup_tasks.post("/<int:task_id>/staging")
@task_act
def stage(session: Session, task_id: int):
    return stage_on(session, viewer().task(session, task_id), code_said())


def stage_on(session: Session, task: PickupTask, code: str):
    """A label that was scanned begins with its prefix; typed, only the shelf's name is."""
    at, is_typed = now(), not code.upper().startswith(staging.PREFIX)
    shelf = staging.location_for(session, task.store_id, code)
    staging.stage(session, task, shelf, associate_id=viewer().id, typed=is_typed, at=at)
    remember(session, task, Act.STAGING, f"{task.order.number} staged on {shelf.code}", at=at)
    return done(session, task.id, at=at)


@pickup_tasks.post("/<int:task_id>/handover")
@task_act
def hand_over(session: Session, task_id: int):
    task, reason = viewer().task(session, task_id), request.form.get("reason")
    if reason is not None:
        viewer().must_lead(viewer().store(session))
    elif not handover.is_right_code(session, task, code_said(), _keys()):
        return _wrong_code(session, task)
    method, at = HandoverMethod.CODE if reason is None else HandoverMethod.LEAD, now()
    handover.hand_over(session, task, method=method, associate_id=viewer().id, at=at, reason=reason)
    remember(session, task, Act.HANDOVER, f"{task.order.number} handed over", at=at)
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
    drawn = order_page.draw(session, task, at=now())
    return make_response(page("pickup_tasks/order.html", number=task.order.number, drawn=Markup(drawn),  # noqa: S704
                              refusal=wrong.words), wrong.status)  # fmt: skip


@pickup_tasks.post("/<int:task_id>/put-back")
@task_act
def put_unit_back(session: Session, task_id: int):
    task, at = viewer().task(session, task_id), now()
    line, _ = _named_line(session, task)
    put_back.put_back(session, task, line, associate_id=viewer().id, at=at)
    return done(session, task_id, at=at)


@pickup_tasks.post("/<int:task_id>/undo")
@task_act
def take_last_back(session: Session, task_id: int):
    task, at = viewer().task(session, task_id), now()
    slot = undo.slot_of(session, viewer().id)
    if slot is not None and slot.act == Act.HANDOVER:
        viewer().must_lead(viewer().store(session))
    undo.undo(session, task, associate_id=viewer().id, at=at)
    return done(session, task_id, at=at)


@pickup_tasks.delete("/<int:task_id>/<any(acknowledgement, picks, shorts, staging, handover):noun>")
def take_back(task_id: int, noun: str):
    """The same noun, taken back; a hand-off only by a lead."""

    def act(session: Session, task_id: int):
        task, at = viewer().task(session, task_id), now()
        if noun == Act.HANDOVER:
            viewer().must_lead(viewer().store(session))
        undo.take_back(session, task, Act(noun), associate_id=viewer().id, at=at)
        return done(session, task_id, at=at)

    return task_act(act)(task_id)


def code_said() -> str:
    code = request.form.get("code", "").strip()
    if not code or len(code) > 200 or "\0" in code:
        raise Unreadable("Scan the label, or type what is printed under it.")
    return code


def reason_said() -> ShortReason:
    try:
        return ShortReason(request.form.get("reason", ""))
    except ValueError as unknown:
        raise Unreadable("Say why it can't be picked.") from unknown


def line_named(task: PickupTask) -> OrderLine:
    line = order_page.line_of(task, request.form.get("line_id", 0, type=int))
    if line is None:
        raise Unreadable(f"That isn't an item of order {task.order.number}.")
    return line


def _named_line(session: Session, task: PickupTask) -> tuple[OrderLine, bool]:
    """By its barcode; or by its row and the last four digits, for a label that won't scan."""
    if "line_id" not in request.form:
        return picking.line_for(task, scanned_item(session, code_said())), "typed" in request.form
    line = line_named(task)
    check_ending(line)
    return line, True


def check_ending(line: OrderLine) -> None:
    if request.form.get("ending", "").strip() != line.item.code_ending:
        raise Unreadable(f"Those aren't the last 4 digits of {line.item.name}. Look at the label again.")
