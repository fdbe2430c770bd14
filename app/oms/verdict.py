"""The answer to a request for stock, kept under the request's key for ever."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, select

from app import rows
from app.oms.inventory import NotEnoughStock
from app.refusals import Refusal

NOT_ENOUGH = "There isn't enough free stock for this order."


class KeyTaken(Refusal):
    """The key was used before, for something else."""


@dataclass(frozen=True, slots=True)
class Lack:
    """Of an item at a node less was free than was asked for."""

    item_id: int
    node_id: int
    asked: int
    free: int


class SoldOut(NotEnoughStock):
    """Not so much is free, and `lacking` says of what."""

    def __init__(self, words: str, lacking: Iterable[Lack] = ()) -> None:
        super().__init__(words)
        self.lacking = tuple(lacking)


class Admission(SQLModel, table=True):
    """What was asked for under a key, and the answer, which never changes."""

    __tablename__ = "admission"

    key: str = Field(primary_key=True)
    request_hash: str
    is_granted: bool
    words: str = ""
    decided_at: datetime
    lacking: list[list[int]] | None = Field(default=None, sa_type=sa.JSON(none_as_null=True))
    """Of a refusal: each item and node of which too little was free, how much was asked for, and how much was free."""

    @property
    def kept(self) -> "Kept":
        lacking = tuple(Lack(*each) for each in self.lacking or ())
        verdict = Verdict(self.key, self.is_granted, self.decided_at, self.words, lacking, is_repeat=True)
        return Kept(self.request_hash, verdict)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer to a request; `is_repeat` when it had been given before."""

    key: str
    is_granted: bool
    decided_at: datetime | None = None
    words: str = ""
    lacking: tuple[Lack, ...] = ()
    is_repeat: bool = False
    is_conflict: bool = False

    @property
    def repeated(self) -> "Verdict":
        return replace(self, is_repeat=True)

    def or_refuse(self) -> "Verdict":
        if self.is_conflict:
            raise KeyTaken(f"The key {self.key} was used for another request.")
        if not self.is_granted:
            raise SoldOut(self.words, self.lacking)
        return self


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer given before, and what it was the answer to."""

    request_hash: str
    verdict: Verdict


def kept(session: Session, keys: Iterable[str]) -> dict[str, Kept]:
    """The answers that were given under these keys; most keys are new, and found to be so by their index alone."""
    found = [row[0] for row in rows.find(session, Admission, ("key",), {"key": sorted(set(keys))})]
    if not found:
        return {}
    return {each.key: each.kept for each in session.exec(select(Admission).where(col(Admission.key).in_(found)))}
