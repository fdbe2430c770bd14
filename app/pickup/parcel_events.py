"""What can happen to a task whose order is sent, in the past tense: packed, and given to a carrier."""

from dataclasses import dataclass

from app.pickup.task_events import TaskEvent


@dataclass(frozen=True, kw_only=True)
class UnitPacked(TaskEvent):
    """One unit was looked at again and is in its parcel."""

    line_id: int


@dataclass(frozen=True, kw_only=True)
class TaskPacked(TaskEvent):
    """All of it is in closed parcels, with their slips to print."""

    parcels: int


@dataclass(frozen=True, kw_only=True)
class PackingTakenBack(TaskEvent):
    """Out of the parcel again, and in the bag."""


@dataclass(frozen=True, kw_only=True)
class TaskShipped(TaskEvent):
    """The carrier has it."""

    shipment_id: int
    on_time: bool


@dataclass(frozen=True, kw_only=True)
class ShippingTakenBack(TaskEvent):
    """The parcels are here after all."""
