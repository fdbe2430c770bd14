"""What the API answers about orders, and how it says no."""

from pydantic import BaseModel

from app.web.fulfilment_models import SentOut


class LineOut(BaseModel):
    """Where the units of a line are; quantities are decimal strings in `unit`.

    Of a kit they are `in_parts`: in lines of their own, which say what they are `part_of`.
    """

    id: str
    part_of: str | None
    sku: str
    unit: str
    ordered: str
    reserved: str
    picked: str
    short: str
    packed: str
    staged: str
    collected: str
    shipped: str
    cancelled: str
    unfilled: str
    in_parts: str


class FulfilmentOut(BaseModel):
    """One node's part of the order."""

    id: str
    type: str
    node: str
    status: str
    line_ids: list[str]
    shipments: list[SentOut]
    """What of it has left, oldest first; by its number a carrier knows where it is."""


class TaskOut(BaseModel):
    """The store's work on this order."""

    id: str
    status: str


class PaymentOut(BaseModel):
    """How the money stands; `owed_minor` is the price of what the customer has or can still get."""

    state: str
    currency: str
    amount_minor: int
    owed_minor: int
    authorised_minor: int
    captured_minor: int
    refunded_minor: int
    refund_due_minor: int


class OrderOut(BaseModel):
    """An order as it stands."""

    id: str
    number: str
    status: str
    payment: PaymentOut
    lines: list[LineOut]
    fulfilments: list[FulfilmentOut]
    task: TaskOut | None


class Problem(BaseModel):
    """RFC 9457; `type` is stable."""

    type: str
    title: str
    status: int
    detail: str | None = None
    errors: list[dict[str, str]] | None = None
