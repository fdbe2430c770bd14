"""What the API reads and answers about where an order comes from."""

from typing import Any

from pydantic import BaseModel

from app.web.api_fields import Code, Name, Strict


class OverrideIn(Strict):
    """From which place all of it that nobody has in their hands is to come, and why."""

    node: Code
    reason: Name


class PartOut(BaseModel):
    """What one place sends, in the items' units, and what that costs by the rules' weights."""

    node: str
    lines: dict[str, str]
    cost_minor: float


class SeenOut(BaseModel):
    """A place that had some of it: why it was not asked, or what it would have cost."""

    node: str
    excluded: str | None
    fixed_minor: float
    free: dict[str, str]
    km: float | None
    load: float
    ready_at: str


class DecisionOut(BaseModel):
    """One decision; they are never changed, and the newest stands first."""

    number: int
    at: str
    by: str
    mode: str
    outcome: str
    reason: str
    rule_versions: list[int]
    cost_minor: float
    gap_minor: float
    parts: list[PartOut]
    candidates: list[SeenOut]


class RoutingOut(BaseModel):
    """Where an order comes from, and how that was decided."""

    order: str
    decisions: list[DecisionOut]


Kept = dict[str, Any]
