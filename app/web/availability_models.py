"""What the API takes when it is asked how many may be sold, and what it answers."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field, model_validator

from app.web.api_fields import Code, Strict

MOST_SKUS, MOST_STORES, MOST_ANSWERS = 500, 100, 5000


class AvailabilityIn(Strict):
    """Which items, and where: at stores (any node's code), through a channel, or through a channel at stores."""

    skus: Annotated[list[Code], Field(min_length=1, max_length=MOST_SKUS)]
    stores: Annotated[list[Code], Field(max_length=MOST_STORES)] = []
    channel: Code | None = None

    @model_validator(mode="after")
    def _somewhere(self) -> "AvailabilityIn":
        if not self.stores and self.channel is None:
            raise ValueError("Name a store or a channel.")
        if len(self.skus) * len(self.stores) > MOST_ANSWERS:
            raise ValueError(f"Ask for at most {MOST_ANSWERS} numbers at once.")
        return self


class OfferOut(BaseModel):
    """So many may be sold, in `unit`; as of the newest word of who knows, and stale when that is too old."""

    sku: str
    unit: str
    quantity: str
    store: str | None
    channel: str | None
    version: int
    as_of: datetime | None
    is_stale: bool


class AvailabilityOut(BaseModel):
    """The numbers, in the order asked for; what we have never heard of is named, not refused."""

    availability: list[OfferOut]
    unknown_skus: list[str]
