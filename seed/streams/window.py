"""The days that are played."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class Window:
    """Whole days in the stores' own time, both ends included; None is as far as the data goes."""

    first: date | None = None
    last: date | None = None

    def instants(self, zone: ZoneInfo) -> tuple[datetime | None, datetime | None]:
        """From this instant up to, but not including, that one."""
        after = self.last + timedelta(days=1) if self.last else None
        return _midnight(self.first, zone), _midnight(after, zone)

    def holds(self, written: str) -> bool:
        """True for a local time as the data spells it: year, month and day come first, so letters sort as days do."""
        day = written[:10]
        return (not self.first or day >= self.first.isoformat()) and (not self.last or day <= self.last.isoformat())

    def __str__(self) -> str:
        if self.first and self.first == self.last:
            return f"{self.first}"
        return f"{self.first or 'the first day'} to {self.last or 'the last day'}"


def _midnight(day: date | None, zone: ZoneInfo) -> datetime | None:
    return datetime.combine(day, time(), zone).astimezone(UTC) if day else None
