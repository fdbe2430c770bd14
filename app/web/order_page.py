"""An order's page: its items, what can be done with it now, what the customer was told, and what happened."""

from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup
from sqlmodel import Session, col, select

from app.drawing import plural
from app.events import log
from app.events.log import Event
from app.notices import delivery
from app.oms.item import Item, Place
from app.people.associate import Associate
from app.people.store import Store
from app.pickup import board, card, handover, oversold, pickup_link, staging
from app.pickup.short_picks import ShortReason
from app.pickup.staging import StagingLocation
from app.pickup.task import PickupTask
from app.web.fragments import fragment, page
from app.web.last_actions import undo_of
from app.web.parcel_page import parcel_of
from app.web.viewer import viewer

MOST_EVENTS = 200
PEOPLE = "associate/"


@dataclass(frozen=True)
class Happened:
    """One line of the timeline."""

    at: datetime
    words: str


def whole(session: Session, task: PickupTask, *, at: datetime, code: str = "", refusal: str = "") -> str:
    """The page, with what stands around it."""
    said = board.summary(session, task.store_id, at=at)
    return page("pickup_tasks/order.html", number=task.order.number, sentence=said.sentence,
                drawn=Markup(draw(session, task, at=at, code=code)), problems_open=said.problems_open,  # noqa: S704
                undo=undo_of(session), refusal=refusal)  # fmt: skip


def draw(session: Session, task: PickupTask, *, at: datetime, code: str = "") -> str:
    store = session.get_one(Store, task.store_id)
    places = select(Place).where(
        Place.node_id == store.id, col(Place.item_id).in_([line.item_id for line in task.lines])
    )
    suggested = staging.suggested(session, task) if task.units("picked") and not task.is_ship else None
    is_lead = viewer().reach.leads(store)
    return fragment(
        "pickup_tasks/_order.html", task=task, card=card.of_task(session, task.id, at=at), at=at, code=code,
        zone=store.time_zone,
        bins={place.item_id: place.bin for place in session.exec(places)},
        risks=oversold.risks_of(session, task.order_id, task.store_id),
        reasons=[reason.value for reason in ShortReason],
        shelf=suggested.code if suggested else "", is_lead=is_lead,
        is_reversible=is_lead and handover.reversible(session, task, at=at) is not None,
        is_blocked=pickup_link.link_for(session, task.order_id).is_blocked,
        parcel=parcel_of(session, task), happened=timeline(session, task),
        messages=delivery.states_of(session, task.order_id),
    )  # fmt: skip


def timeline(session: Session, task: PickupTask) -> list[Happened]:
    """Newest first, each with who did it."""
    events = log.about(session, f"task/{task.id}", most=MOST_EVENTS)
    ids = {int(e.actor.removeprefix(PEOPLE)) for e in events if e.actor.startswith(PEOPLE)}
    people = {each.id: each.short_name for each in session.exec(select(Associate).where(col(Associate.id).in_(ids)))}
    items = {line.id: line.item for line in task.lines}
    here = select(StagingLocation).where(StagingLocation.store_id == task.store_id)
    shelves = {each.id: each.code for each in session.exec(here)}
    return [Happened(event.at, _words(event, _who(event, people), items, shelves)) for event in events]


def _who(event: Event, people: dict[int, str]) -> str:
    if event.actor.startswith(PEOPLE):
        return people.get(int(event.actor.removeprefix(PEOPLE)), "Somebody")
    return "The customer" if event.actor.startswith("customer") else "Readyshelf"


def _words(event: Event, who: str, items: dict[int, Item], shelves: dict[int, str]) -> str:
    said = event.data
    known, shelf = items.get(said.get("line_id", 0)), shelves.get(said.get("location_id", 0), "a shelf")
    item, missing = (known.name, known.said(said.get("quantity", 0))) if known else ("an item", "some")
    how = "typed" if said.get("typed") else "scanned"
    sentences = {
        "TaskOpened": "The store was asked",
        "TaskAcknowledged": f"{who} accepted the order",
        "AcknowledgementTakenBack": f"{who} gave the order back",
        "TaskTakenOver": f"{who} took it over",
        "UnitPicked": f"{who} picked {item}, {how}",
        "PickTakenBack": f"{who} took {item} out of the bag",
        "UnitsShort": f"{who} could not pick {missing} of {item}: {said.get('reason')}",
        "ShortTakenBack": f"{who} found {item} after all",
        "TaskCutShort": f"The customer no longer wants {missing} of {item}",
        "TaskUnfulfillable": "Nothing of the order could be found",
        "TaskStaged": f"{who} {'moved the bag to' if said.get('is_move') else 'put the bag on'} {shelf}",
        "StagingTakenBack": f"{who} took the bag off the shelf",
        "CustomerArrived": "The customer is here",
        "ArrivalTakenBack": "The customer is not here yet",
        "TaskHandedOver": f"{who} handed it over, {'by a lead' if said.get('method') == 'lead' else 'code checked'}",
        "HandoverTakenBack": f"{who} took the hand-off back",
        "UnitPacked": f"{who} packed {item}",
        "TaskPacked": f"{who} packed it in {plural(said.get('parcels', 1), 'parcel')}",
        "PackingTakenBack": f"{who} opened the parcel again",
        "TaskShipped": f"{who} gave it to the carrier",
        "ShippingTakenBack": f"{who} took it back: it had not left",
        "TaskMoved": "Another place sends it",
        "TaskAskedForMore": "The store was asked for more of it",
        "TaskCancelled": "The order was cancelled",
        "UnitPutBack": f"{who} put {item} back",
        "TaskPutBack": "Everything is back on its shelf",
        "TaskAwaitsTransfer": "It is kept at another place, and will come from there",
        "TaskInTransit": "It is on its way here",
        "TaskReceived": f"{who} took in what came for it",
        "TaskLate": "The promised time passed",
        "TaskEscalated": f"Nobody answered: the {'store lead' if said.get('level') == 1 else 'region'} was told",
        "EscalationAcknowledged": f"{who} is looking after it",
    }  # fmt: skip
    return sentences.get(event.kind, event.kind)
