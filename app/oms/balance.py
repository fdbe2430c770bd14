"""What a node has of an item, in each state stock can be in: locked together, saved together."""

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel

from app import db, rows

STATES = ("on_hand", "unavailable", "reserved", "in_transit", "suppressed")
"""Where units can stand; `on_hand` counts the unavailable and the suppressed too, `in_transit` is on its way here."""

Key = tuple[int, int]
"""Item and node: whoever needs several balances takes them in this order, so writers can't deadlock."""


def sellable(on_hand: int, unavailable: int) -> int:
    """Below nothing while we wait for a damage whose undoing was heard of first: that makes no unit more."""
    return on_hand - max(0, unavailable)


def short_of(*, on_hand: int, unavailable: int, reserved: int, suppressed: int) -> int:
    """Promises the shelf can't cover since some fact arrived."""
    return max(0, reserved - max(0, sellable(on_hand, unavailable) - suppressed))


class Balance(SQLModel, table=True):
    """What a node has of an item; no CHECK ties `reserved` to `on_hand`, because facts are never refused."""

    __tablename__ = "balance"
    __table_args__ = (
        sa.CheckConstraint("reserved >= 0 AND suppressed >= 0 AND safety >= 0 AND version >= 0", name="never_negative"),
        sa.Index("balance_of_node", "node_id", "item_id"),
    )

    item_id: int = Field(foreign_key="item.id", primary_key=True)
    node_id: int = Field(foreign_key="node.id", primary_key=True)
    on_hand: int = 0
    unavailable: int = 0
    """Damaged, on display, in quarantine: there, and not for sale."""
    reserved: int = 0
    in_transit: int = 0
    suppressed: int = 0
    """Units somebody looked for and did not find: not for sale until they are counted."""
    safety: int = 0
    """Resolved from the rules in force; what in-store sales may use and promises from afar may not."""
    safety_rule: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    """The version of the narrowest rule that says so; 0 for none."""
    version: int = 0

    @property
    def free(self) -> int:
        """What may still be promised: never below zero."""
        return max(0, sellable(self.on_hand, self.unavailable) - self.reserved - self.suppressed - self.safety)

    @property
    def shortfall(self) -> int:
        return short_of(on_hand=self.on_hand, unavailable=self.unavailable, reserved=self.reserved,
                        suppressed=self.suppressed)  # fmt: skip


@dataclass(slots=True)
class Level:
    """A balance while a transaction holds it; `seen` is the version it was found in."""

    item_id: int
    node_id: int
    on_hand: int
    unavailable: int
    reserved: int
    in_transit: int
    suppressed: int
    safety: int
    version: int
    seen: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        self.seen = self.states

    @property
    def states(self) -> tuple[int, ...]:
        return (self.on_hand, self.unavailable, self.reserved, self.in_transit, self.suppressed, self.version)

    @property
    def gap(self) -> tuple[int, int]:
        """Units promised and not there, and units below nothing."""
        return _gap(self.states)

    @property
    def gap_before(self) -> tuple[int, int]:
        """As it was when the balance was locked."""
        return _gap(self.seen)

    @property
    def is_enough(self) -> bool:
        """Now and before: all that is asked of nearly every balance, so it takes no detour."""
        before = self.seen
        return (
            self.on_hand - max(0, self.unavailable) - self.suppressed >= self.reserved
            and before[0] - max(0, before[1]) - before[4] >= before[2]
        )

    def free(self, *, floor: int) -> int:
        """What a promise may take when so much has to stay."""
        return sellable(self.on_hand, self.unavailable) - self.reserved - self.suppressed - floor


def _gap(states: tuple[int, ...]) -> tuple[int, int]:
    on_hand, unavailable, reserved, _, suppressed, _ = states
    short = short_of(on_hand=on_hand, unavailable=unavailable, reserved=reserved, suppressed=suppressed)
    return short, max(0, -on_hand)


_COLUMNS = ("item_id", "node_id", *STATES, "safety", "version")


def lock(session: Session, keys: Iterable[Key], *, is_making: bool) -> dict[Key, Level]:
    """The balances, held until this transaction ends; with `is_making`, those never stocked begin at nothing."""
    wanted = sorted(set(keys))
    found = _locked(session, wanted)
    missing = [key for key in wanted if key not in found] if is_making else []
    if missing:
        _begin(session, missing)
        found |= _locked(session, missing)
    return found


def moves(levels: Iterable[Level]) -> tuple[rows.Add, int]:
    """The write that moves each balance from the very version it was locked in, and how many rows it must find."""
    moved = [level for level in levels if level.states != level.seen]
    keys = {"item_id": [level.item_id for level in moved], "node_id": [level.node_id for level in moved],
            "version": [level.seen[-1] for level in moved]}  # fmt: skip
    differences = [[now - then for now, then in zip(level.states, level.seen, strict=True)] for level in moved]
    amounts = dict(zip((*STATES, "version"), zip(*differences, strict=True), strict=True))
    return rows.Add(Balance, keys, amounts), len(moved)


def _locked(session: Session, keys: list[Key]) -> dict[Key, Level]:
    if not keys:
        return {}
    items, nodes = zip(*keys, strict=True)
    found = rows.find(session, Balance, _COLUMNS, {"item_id": items, "node_id": nodes}, locked=True)
    return {(row[0], row[1]): Level(*row) for row in found}


def _begin(session: Session, keys: list[Key]) -> None:
    values = [{"item_id": item_id, "node_id": node_id, "safety": 0, "version": 0} | dict.fromkeys(STATES, 0)
              for item_id, node_id in keys]  # fmt: skip
    session.execute(db.insert(session, Balance).on_conflict_do_nothing(), values)
