"""What the API reads and answers about channels: from which nodes each sells, and what it is allotted of an item."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field, model_validator

from app.oms.node import NodeKind
from app.rules.bodies import Amount
from app.web.api_fields import MOST_LINES, Code, Strict

MOST_NODES = 1000
KindWord = Literal["store", "dc", "vendor"]


class SellFromIn(Strict):
    """All nodes of these kinds and these nodes besides: from them it sells, and from no others."""

    channel: Code
    kinds: Annotated[list[KindWord], Field(max_length=len(NodeKind))] = []
    nodes: Annotated[list[Code], Field(max_length=MOST_NODES)] = []


class ShareIn(Strict):
    """Numbers of this item's own, in its unit, in place of any it had; what is left out is as for any other item."""

    sku: Code
    buffer: Annotated[Amount | None, Field(description="So much the channel leaves aside.")] = None
    cap: Annotated[Amount | None, Field(description="So much the channel is given at most.")] = None
    unit: Code | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.buffer is None and self.cap is None:
            raise ValueError("Say a buffer, a cap or both.")
        return self


class AllotmentIn(Strict):
    """What a channel is allotted of these items: all of it or none."""

    channel: Code
    lines: Annotated[list[ShareIn], Field(min_length=1, max_length=MOST_LINES)]


class AllottedIn(Strict):
    """What is allotted to a channel, of these skus or of all; `after` is what stood in `next`."""

    channel: Code
    skus: Annotated[list[Code], Field(max_length=MOST_LINES)] = []
    after: Annotated[str, Field(pattern=r"^[0-9]{1,9}$")] = "0"


class TakenBackIn(Strict):
    """These are to be sold on the terms of any other item again: all of them or none."""

    channel: Code
    skus: Annotated[list[Code], Field(min_length=1, max_length=MOST_LINES)]


class ChannelOut(BaseModel):
    """From where a channel sells."""

    channel: str
    name: str
    kinds: list[str]
    nodes: list[str]


class ChannelsOut(BaseModel):
    """All channels the key is for."""

    channels: list[ChannelOut]


class ShareOut(BaseModel):
    """What is allotted of one item, decimal strings in `unit`; null is as for any other item."""

    sku: str
    unit: str
    buffer: str | None
    cap: str | None


class AllotmentOut(BaseModel):
    """What is allotted to a channel; `next` asks for more, and is null at the end."""

    channel: str
    lines: list[ShareOut]
    next: str | None
