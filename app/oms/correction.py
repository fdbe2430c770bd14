"""What a count or another system's snapshot says a node has: true of one instant, whenever we come to hear of it.

What happened after that instant stays as it is. What happened before it was in the count already: heard later, it
goes on the ledger beside a movement that takes it out again. So stock does not depend on the order facts arrive in.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, UTCDateTime, col

from app import db, rows
from app.oms import discrepancy, inventory
from app.oms.balance import Key
from app.oms.discrepancy import Difference
from app.oms.inventory import MOVES_GOODS, Cause, Change, Movement, Page, Reason


class Counted(SQLModel, table=True):
    """The newest word on what a node has of an item; guarded by the balance's lock."""

    __tablename__ = "counted"

    item_id: int = Field(foreign_key="item.id", primary_key=True)
    node_id: int = Field(foreign_key="node.id", primary_key=True)
    as_of: datetime
    quantity: int
    document: str


class Word(NamedTuple):
    """So much was there at that instant. Of two words about one instant the smaller wins: it promises less."""

    as_of: datetime
    less: int

    @classmethod
    def of(cls, quantity: int, as_of: datetime) -> "Word":
        return cls(as_of, -quantity)


class _Since(NamedTuple):
    """One movement, as far as a count has to know it."""

    occurred_at: datetime
    on_hand: int
    unavailable: int
    suppressed: int


@dataclass
class Reckoning:
    """A page of the ledger that knows the newest count of each of its balances: all facts on it go through here."""

    page: Page
    newest: dict[Key, Word]
    _past: dict[Key, list[_Since]] = field(default_factory=dict)
    _said: dict[Key, str] = field(default_factory=dict)
    _differing: list[Difference] = field(default_factory=list)

    def enter(self, change: Change, cause: Cause) -> None:
        """A fact; what the newest count has seen already is taken out again beside it."""
        self.page.enter(change, cause)
        word = self.newest.get(change.key)
        if change.on_hand and word is not None and cause.occurred_at <= word.as_of:
            item_id, node_id = change.key
            self.page.enter(
                Change(item_id=item_id, node_id=node_id, on_hand=-change.on_hand),
                replace(cause, reason=Reason.ABSORBED),
            )
        elif change.key in self._past:
            self._past[change.key].append(
                _Since(cause.occurred_at, change.on_hand, change.unavailable, change.suppressed)
            )

    def stood_at(self, key: Key, state: str, as_of: datetime) -> int:
        """What the books say today of that instant; it has to be one that was stated when the page was opened."""
        moved_since = (getattr(each, state) for each in self._past[key] if each.occurred_at > as_of)
        stood: int = getattr(self.page.levels[key], state) - sum(moved_since)
        return stood

    def wrong_by(self, key: Key, quantity: int, as_of: datetime) -> int | None:
        """By how much the books differ from so many at that instant; None when a newer word is known."""
        known = self.newest.get(key)
        is_newer = known is None or Word.of(quantity, as_of) > known
        return quantity - self.stood_at(key, "on_hand", as_of) if is_newer else None

    def correct_to(self, key: Key, quantity: int, as_of: datetime, cause: Cause, *, unsuppress: int = 0) -> int | None:
        """Put the books right, and say by how much they were wrong; they stay when a newer word is known."""
        wrong_by = self.wrong_by(key, quantity, as_of)
        if wrong_by and cause.reason != Reason.COUNT and self.page.levels[key].version:
            self._differing.append(Difference(key, wrong_by, cause))  # not of what was never in the books
        if wrong_by or unsuppress:
            change = Change(item_id=key[0], node_id=key[1], on_hand=wrong_by or 0, suppressed=-unsuppress)
            self.page.enter(change, replace(cause, occurred_at=as_of))
        if wrong_by is not None:
            self.newest[key], self._said[key] = Word.of(quantity, as_of), cause.document
        return wrong_by

    def missed_before(self, key: Key, as_of: datetime) -> int:
        """Units that were looked for in vain before that instant and are held back still."""
        return max(0, min(self.page.levels[key].suppressed, self.stood_at(key, "suppressed", as_of)))

    def save(self, *more: rows.Write) -> None:
        self.page.save(*more)
        if self._said:
            _keep(self.page.session, [
                {"item_id": key[0], "node_id": key[1], "as_of": self.newest[key].as_of,
                 "quantity": -self.newest[key].less, "document": document}
                for key, document in sorted(self._said.items())
            ])  # fmt: skip
            self._said.clear()
        if self._differing:
            discrepancy.announce(self.page.session, self._differing)
            self._differing.clear()


def open_reckoning(session: Session, keys: Iterable[Key], stated: Iterable[tuple[Key, datetime]] = ()) -> Reckoning:
    """A page for these balances; `stated` are those a count or a snapshot on it speaks of, and of which instant."""
    stated = list(stated)
    page = inventory.open_page(session, {*keys, *(key for key, _ in stated)})
    return Reckoning(page, _newest(session, page.levels), _past(session, stated))


def _newest(session: Session, keys: Iterable[Key]) -> dict[Key, Word]:
    wanted = sorted(keys)
    if not wanted:
        return {}
    items, nodes = zip(*wanted, strict=True)
    found = rows.find(session, Counted, ("item_id", "node_id", "as_of", "quantity"),
                      {"item_id": items, "node_id": nodes})  # fmt: skip
    dialect = session.connection().dialect
    read: Any = UTCDateTime().dialect_impl(dialect).result_processor(dialect, None)
    return {(row[0], row[1]): Word.of(row[3], read(row[2])) for row in found}


def _past(session: Session, stated: list[tuple[Key, datetime]]) -> dict[Key, list[_Since]]:
    """What moved each of these balances after the earliest instant that is spoken of."""
    past: dict[Key, list[_Since]] = {key: [] for key, _ in stated}
    if past:
        read = sa.select(col(Movement.item_id), col(Movement.node_id), col(Movement.occurred_at),
                         col(Movement.on_hand), col(Movement.unavailable), col(Movement.suppressed))  # fmt: skip
        items, nodes = zip(*sorted(past), strict=True)
        keys = rows.given({"item_id": items, "node_id": nodes})
        same = sa.and_(col(Movement.item_id) == keys.c.item_id, col(Movement.node_id) == keys.c.node_id)
        earliest = min(as_of for _, as_of in stated)
        later = sa.and_(col(Movement.occurred_at) > earliest, sa.text(f"({MOVES_GOODS})"))
        for row in session.execute(read.join(keys, same).where(later)):
            past[row.item_id, row.node_id].append(_Since(*row[2:]))
    return past


def _keep(session: Session, words: list[dict[str, object]]) -> None:
    write = db.insert(session, Counted)
    said = {name: write.excluded[name] for name in ("as_of", "quantity", "document")}
    session.execute(write.on_conflict_do_update(index_elements=["item_id", "node_id"], set_=said), words)
