"""What happens to rules, for the audit trail."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from app.events.log import DomainEvent


@dataclass(frozen=True, kw_only=True)
class RuleEvent(DomainEvent):
    """Rules are the whole house's: their events are a stream of their own."""

    about: ClassVar[str] = "rule_version"
    rule_version_id: int
    kind: str
    scope: str
    number: int

    @property
    def stream(self) -> str:
        """Of no store."""
        return "rules"


@dataclass(frozen=True, kw_only=True)
class RulesPublished(RuleEvent):
    """From `valid_from` on this is the rule; `restores` is the number of the old version it says again."""

    valid_from: datetime
    restores: int | None


@dataclass(frozen=True, kw_only=True)
class RulesWithdrawn(RuleEvent):
    """It ends, or never began, and what stood before or around it holds."""
