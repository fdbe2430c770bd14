"""The life of a pickup task, and the lane of the board each part of it stands in."""

from enum import StrEnum


class TaskStatus(StrEnum):
    """One column, one life-cycle; what lies across it (escalated, short, here since) is a row of its own."""

    REQUESTED = "requested"
    ACCEPTED = "accepted"
    PICKING = "picking"
    PICKED = "picked"
    STAGED = "staged"
    ARRIVED = "arrived"
    COLLECTED = "collected"
    CANCELLED = "cancelled"
    PUT_BACK = "put back"
    UNFULFILLABLE = "unfulfillable"
    AWAITING_TRANSFER = "awaiting transfer"
    IN_TRANSIT = "in transit"
    RECEIVED = "received"
    PACKED = "packed"
    SHIPPED = "shipped"
    MOVED = "moved"
    """Another place fulfils it after all."""
    REJECTED = "rejected"
    """The store said no."""
    AUTO_REJECTED = "auto-rejected"
    """Nobody answered, up to the top of the ladder."""
    EXPIRED = "expired"
    """Nobody came for it; what is in its bag has to be put back."""


class Lane(StrEnum):
    """Where on the board a task stands; the key is used in addresses and ids."""

    NEW = "new"
    PICK = "pick"
    STAGE = "stage"
    HAND_OFF = "give"


LANE_OF = {
    TaskStatus.REQUESTED: Lane.NEW,
    TaskStatus.ACCEPTED: Lane.PICK,
    TaskStatus.PICKING: Lane.PICK,
    TaskStatus.PICKED: Lane.STAGE,
    TaskStatus.RECEIVED: Lane.STAGE,
    TaskStatus.CANCELLED: Lane.STAGE,
    TaskStatus.STAGED: Lane.HAND_OFF,
    TaskStatus.ARRIVED: Lane.HAND_OFF,
    TaskStatus.PACKED: Lane.HAND_OFF,
}
"""A cancelled task stands in Stage until its bag is put back; what isn't here is not on the board."""

IN_HAND = frozenset({TaskStatus.ACCEPTED, TaskStatus.PICKING})
ON_SHELF = frozenset({TaskStatus.STAGED, TaskStatus.ARRIVED})
TO_STAGE = frozenset({TaskStatus.PICKED, TaskStatus.RECEIVED})
"""In the bag; not on a shelf yet, nor in a parcel."""
ON_ITS_WAY = frozenset({TaskStatus.AWAITING_TRANSFER, TaskStatus.IN_TRANSIT})
"""Nothing for the store to do until the delivery is there."""
NOT_YET_READY = frozenset({TaskStatus.REQUESTED, *IN_HAND, *TO_STAGE, *ON_ITS_WAY, TaskStatus.PACKED})
"""The customer still waits for us: for the shelf, or for the carrier."""
ENDED = frozenset(
    {TaskStatus.COLLECTED, TaskStatus.SHIPPED, TaskStatus.MOVED, TaskStatus.CANCELLED, TaskStatus.PUT_BACK}
)
"""Calling the order off changes nothing here any more."""
