"""A whole statement reconciled: all of it compared while nothing is held, then what differs settled in bites.

Each bite is a transaction of its own. A run that was killed in between is run again: what it put right is explained.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from sqlmodel import Session

from app import db
from app.oms import recon, recon_settling
from app.oms.balance import Key
from app.oms.recon import Compared, Outcome, ReconRun
from app.oms.statement import Read, Statement
from app.oms.stock_facts import CLOCKS_DIFFER
from app.refusals import Unreadable

BITE = 500

Each = TypeVar("Each")

Progress = Callable[[int], None]
"""Told by how many lines it has come further."""


@dataclass(kw_only=True)
class Report:
    """What a run came to; `is_in_doubt` when so much was wrong that none of it was followed."""

    run: ReconRun
    lines: int
    refused: list[str]
    wrong: list[Compared] = field(default_factory=list)
    """What nothing explained, as it was compared."""
    is_in_doubt: bool = False

    @property
    def left(self) -> int:
        """Lines that still need a person: those nobody was asked about before, and those we could not read."""
        return self.run.counts.get(Outcome.ASKED, 0) + len(self.refused)


def reconcile(
    statement: Statement, *, at: datetime, is_trying: bool = False, progress: Progress = lambda _: None
) -> Report:
    """Compare, and settle unless it is only tried."""
    if statement.as_of > at + CLOCKS_DIFFER:
        raise Unreadable("The statement speaks of the future: say when its books stood so.")
    read = Read()
    for bite in _bites(statement.lines):
        with db.reading() as session:
            read.take(session, bite)
    run = _begun(statement, at, is_trying=is_trying)
    report = Report(run=run, lines=len(statement.lines), refused=read.refused)
    _compare(report, read.stated, is_trying=is_trying, progress=progress)
    if not is_trying:
        _settle(report, at=at)
    return report


def _begun(statement: Statement, at: datetime, *, is_trying: bool) -> ReconRun:
    if is_trying:
        return ReconRun(source=statement.source, as_of=statement.as_of, began_at=at)
    with db.transaction() as session:
        return recon.begin(session, source=statement.source, as_of=statement.as_of, at=at)


def _compare(report: Report, stated: dict[Key, int], *, is_trying: bool, progress: Progress) -> None:
    """Held are no balances; what agrees is kept at once."""
    for bite in _bites(sorted(stated)):
        with db.reading() as session:
            found = recon.compare(session, report.run, {key: stated[key] for key in bite})
        agreed = [line for line in found if not line.difference]
        report.wrong += [line for line in found if line.difference]
        if is_trying:
            recon.count(report.run, found)
        elif agreed:
            with db.transaction() as session:
                recon.keep(session, report.run, agreed)
        progress(len(bite))
    with db.reading() as session:
        limits = recon_settling.limits_of(session, report.run)
    report.is_in_doubt = recon_settling.is_in_doubt(limits, wrong=len(report.wrong), lines=len(stated))


def _settle(report: Report, *, at: datetime) -> None:
    for bite in _bites(report.wrong):
        with db.transaction() as session:
            again = {line.key: line.stated for line in bite}
            recon_settling.settle(session, report.run, again, follows=not report.is_in_doubt, at=at)
    with db.transaction() as session:
        _end(session, report, at)


def _end(session: Session, report: Report, at: datetime) -> None:
    report.run.ended_at = at
    report.run.counts = report.run.counts | ({"refused": len(report.refused)} if report.refused else {})
    session.add(report.run)


def _bites(whole: Sequence[Each]) -> Iterator[Sequence[Each]]:
    for start in range(0, len(whole), BITE):
        yield whole[start : start + BITE]
