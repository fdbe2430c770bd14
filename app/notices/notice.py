"""What a customer is told about an order: one notice a stage, and "ready" only with the staging it rests on."""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from app import db
from app.notices.events import NoticeEvent
from app.oms.shipment import Shipment

TOPIC = "mail"


class Stage(StrEnum):
    """What there is to tell."""

    RECEIVED = "received"
    DELAYED = "delayed"
    READY = "ready"
    COLLECTED = "collected"
    SHIPPED = "shipped"
    CANCELLED = "cancelled"


class Channel(StrEnum):
    """How the customer hears of it."""

    MAIL = "mail"


class Notice(SQLModel, table=True):
    """One thing told to one customer. The schema itself makes "ready" without a staging impossible.

    Each stage is told once an order; that something was shipped, once a shipment.
    """

    __tablename__ = "notice"
    __table_args__ = (
        sa.Index(
            "one_notice_a_stage",
            "order_id",
            "stage",
            "number",
            "channel",
            unique=True,
            sqlite_where=sa.text("shipment_id IS NULL"),
            postgresql_where=sa.text("shipment_id IS NULL"),
        ),
        sa.UniqueConstraint("shipment_id", "channel", name="one_notice_a_shipment"),
        sa.CheckConstraint("stage <> 'ready' OR staging_id IS NOT NULL", name="ready_means_staged"),
        sa.CheckConstraint("(stage = 'shipped') = (shipment_id IS NOT NULL)", name="shipped_means_with_a_carrier"),
    )

    id: int = Field(default=None, primary_key=True)
    order_id: int = Field(foreign_key="order.id")
    task_id: int | None = Field(default=None, foreign_key="pickup_task.id")
    store_id: int | None = Field(default=None, foreign_key="node.id")
    stage: Stage = Field(sa_type=db.choice(Stage))
    number: int = Field(default=1, sa_column_kwargs={"server_default": "1"})
    """Of a stage that is told more than once, the how manieth time it is."""
    channel: Channel = Field(default=Channel.MAIL, sa_type=db.choice(Channel))
    falls_back_for: int | None = Field(default=None, foreign_key="notice.id")
    """The notice that could not be delivered by its own channel."""
    staging_id: int | None = Field(default=None, foreign_key="staging.id")
    shipment_id: int | None = Field(default=None, foreign_key=f"{Shipment.__tablename__}.id")
    dedupe: str = Field(unique=True)
    """The key of its message in the outbox."""
    created_at: datetime
    delivered_at: datetime | None = None
    bounced_at: datetime | None = None

    def event(self, kind: type[NoticeEvent], *, at: datetime) -> NoticeEvent:
        return kind(at=at, actor="system", order_id=self.order_id, store_id=self.store_id, notice_id=self.id,
                    stage=self.stage, channel=self.channel)  # fmt: skip


def dedupe_of(order_id: int, stage: Stage, shipment_id: int | None = None) -> str:
    told = f"order/{order_id}:{stage}:{Channel.MAIL}"
    return told if shipment_id is None else f"{told}:{shipment_id}"
