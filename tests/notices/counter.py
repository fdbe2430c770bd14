"""A shop that can be staged in: what the tests of notices, and of the jobs that send them, stand on."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, select

from app.config import Settings
from app.events.outbox import OutboxMessage, OutboxState
from app.notices.notice import Notice, Stage, dedupe_of
from app.oms import order as orders
from app.oms import placing
from app.oms.order import Order
from app.oms.placing import LineRequest
from app.people.associate import Associate
from app.people.store import Region, Store, StoreHours
from app.pickup import handover, picking, short_picks, staging
from app.pickup import task as tasks
from app.pickup.handover import HandoverMethod
from app.pickup.short_picks import ShortReason
from app.pickup.staging import StagingLocation
from app.pickup.task import PickupTask
from tests.oms.shop import Shop, order_form

SETTINGS = Settings(database_url="sqlite://", secret_key="k" * 32, public_url="https://shop.example")


@dataclass(frozen=True)
class Counter:
    """Ids only, so that it outlives a session."""

    shop: Shop
    maya: int

    def place(self, session: Session, *lines: LineRequest, at: datetime, **other: Any) -> Order:
        form = order_form(self.shop, *lines, placed_at=at, promised_at=at + timedelta(hours=2), **other)
        return placing.place(session, form, actor="channel/web", at=at)

    def task(self, session: Session, order: Order) -> PickupTask:
        found = session.exec(select(PickupTask.id).where(PickupTask.order_id == order.id)).one()
        return tasks.locked(session, found)

    def pick(self, session: Session, order: Order, *, at: datetime) -> PickupTask:
        task = self.task(session, order)
        for line in task.lines:
            while line.reserved:
                picking.pick(session, task, line, associate_id=self.maya, typed=False, at=at)
        return task

    def miss(self, session: Session, order: Order, number: int, *, at: datetime) -> None:
        task = self.task(session, order)
        line = task.lines[number]
        short_picks.short(session, task, line, reason=ShortReason.NOT_FOUND, associate_id=self.maya, at=at)

    def stage(self, session: Session, order: Order, *, at: datetime, shelf: str = "S-01") -> PickupTask:
        task = self.pick(session, order, at=at)
        location = staging.location_for(session, task.store_id, shelf)
        staging.stage(session, task, location, associate_id=self.maya, typed=False, at=at)
        return task

    def take_back(self, session: Session, order: Order, *, at: datetime) -> None:
        staging.take_back(session, self.task(session, order), associate_id=self.maya, at=at)

    def hand_over(self, session: Session, order: Order, *, at: datetime) -> None:
        handover.hand_over(
            session, self.task(session, order), method=HandoverMethod.CODE, associate_id=self.maya, at=at
        )

    def take_handover_back(self, session: Session, order: Order, *, at: datetime) -> None:
        handover.take_back(session, self.task(session, order), associate_id=self.maya, at=at)

    def cancel(self, session: Session, order: Order, *, at: datetime) -> None:
        orders.locked(session, order.id).cancel(session, reason="changed my mind", actor="channel/web", at=at)


def open_counter(session: Session, shop: Shop) -> Counter:
    session.add(Region(id=1, code="N", name="North"))
    session.flush()
    session.add(Store(id=shop.node_id, region_id=1, code="014", name="Market Street", time_zone="Europe/London",
                      address="1 Market Street", phone="01632 960014"))  # fmt: skip
    maya = Associate(name="Maya Reed", pin_hash="-")
    session.add(maya)
    session.flush()
    session.add_all([StoreHours(store_id=shop.node_id, weekday=day, opens_min=0, closes_min=1440) for day in range(7)])
    session.add_all([StagingLocation(store_id=shop.node_id, code=code, capacity=1000) for code in ("S-01", "S-02")])
    session.flush()
    return Counter(shop, maya.id)


def notice_of(session: Session, order: Order, stage: Stage) -> Notice:
    return session.exec(select(Notice).where(Notice.order_id == order.id, Notice.stage == stage)).one()


def message_of(session: Session, order: Order, stage: Stage) -> OutboxMessage:
    found = select(OutboxMessage).where(OutboxMessage.dedupe == dedupe_of(order.id, stage))
    return session.exec(found.execution_options(populate_existing=True)).one()


def state_of(session: Session, order: Order, stage: Stage) -> OutboxState:
    return message_of(session, order, stage).state
