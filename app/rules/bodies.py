"""What a rule can say, by kind. What a rule leaves out, the next wider one says; what none says stands here."""

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from app.refusals import Refusal

A_DAY_S = 24 * 3600
LARGEST = 1_000_000


class RuleNotValid(Refusal):
    """A rule that says something nobody could follow is not published."""

    status = 422


class RuleKind(StrEnum):
    """What a rule is about."""

    SAFETY_STOCK = "safety_stock"
    CHANNEL = "channel"
    WINDOWS = "windows"
    ROUTING = "routing"
    RECONCILIATION = "reconciliation"


def _is_amount(said: str) -> str:
    if Decimal(said) > LARGEST:
        raise ValueError(f"must be {LARGEST} at most")
    return said


Amount = Annotated[str, Field(pattern=r"^[0-9]{1,9}(\.[0-9]{1,3})?$"), AfterValidator(_is_amount)]
"""So much of an item, in the unit it is sold by, as a decimal string."""
Seconds = Annotated[int, Field(gt=0, le=7 * A_DAY_S)]
Minor = Annotated[int, Field(ge=0, le=LARGEST)]
Rate = Annotated[float, Field(ge=0, le=LARGEST, allow_inf_nan=False)]


class Body(BaseModel):
    """What is said, and nothing else; `scopes` are the kinds of place it can be said of."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    kind: ClassVar[RuleKind]
    scopes: ClassVar[frozenset[str]]


class SafetyStock(Body):
    """What a node keeps back from promises made elsewhere; more, while we hear nothing of its stock."""

    kind = RuleKind.SAFETY_STOCK
    scopes = frozenset({"all", "kind", "node", "item", "item@node"})

    units: Amount = "0"
    more_when_stale: Amount = "0"


class ChannelTerms(Body):
    """On what terms a channel sells; null is without a cap, and what is left out is the channel's own."""

    kind = RuleKind.CHANNEL
    scopes = frozenset({"all", "channel"})

    buffer: Amount | None = None
    cap: Amount | None = None
    guard_band: Amount | None = None
    publish_delay_s: Annotated[int, Field(ge=0, le=A_DAY_S)] | None = None


class Windows(Body):
    """How long things may take in a store, in its opening time; what is left out is the store's own."""

    kind = RuleKind.WINDOWS
    scopes = frozenset({"all", "region", "store"})

    ack_s: Seconds | None = None
    answer_s: Seconds | None = None
    hold_days: Annotated[int, Field(gt=0, le=60)] | None = None


class Routing(Body):
    """What things cost when a node is chosen, in minor units, and into how many parcels an order may fall."""

    kind = RuleKind.ROUTING
    scopes = frozenset({"all", "region", "channel"})

    split_minor: Minor = 250
    labour_minor: Minor = 60
    load_minor: Minor = 200
    nil_pick_minor: Minor = 1500
    carrier_minor: Minor = 800
    per_km_minor: Rate = 0.5
    per_day_of_age_minor: Rate = 0.5
    most_splits: Annotated[int, Field(ge=1, le=8)] = 3


class Reconciliation(Body):
    """How far our books follow another system's without anybody looking; a larger difference is for a person."""

    kind = RuleKind.RECONCILIATION
    scopes = frozenset({"all"})

    units: Amount = "5"
    value_minor: Minor = 5_000
    most_wrong_percent: Annotated[int, Field(ge=1, le=100)] = 20
    """A statement of which more is wrong is itself in doubt: none of it is followed."""


BODIES: dict[RuleKind, type[Body]] = {
    body.kind: body for body in (SafetyStock, ChannelTerms, Windows, Routing, Reconciliation)
}


def read(kind: str, said: Mapping[str, Any]) -> Body:
    """The rule, or everything that is wrong with it."""
    if kind not in BODIES:
        raise RuleNotValid(f"There are no rules of the kind {kind}; there are {', '.join(BODIES)}.")
    try:
        return BODIES[RuleKind(kind)].model_validate(said)
    except ValidationError as wrong:
        found = [f"{'.'.join(map(str, e['loc'])) or 'rule'}: {e['msg']}" for e in wrong.errors(include_input=False)]
        raise RuleNotValid(f"This is no rule for {kind}: {'; '.join(found)}.") from wrong


def check_scope(kind: str, scope: str) -> None:
    """`all`, or a kind of place and its code: `node:118`, `item:85123A@node:118`."""
    words = [part.partition(":") for part in scope.split("@")]
    place = "@".join(word for word, _, _ in words)
    has_codes = scope == "all" or (place != "all" and all(code and code == code.strip() for _, _, code in words))
    allowed = BODIES[RuleKind(kind)].scopes
    if place not in allowed or not has_codes:
        raise RuleNotValid(f"{scope} is no scope of {kind}; scopes are {', '.join(sorted(allowed))}, with their codes.")
