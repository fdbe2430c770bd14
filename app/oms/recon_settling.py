"""What becomes of a difference nothing explains: a small one is put right, a large one is for a person to count.

The movement that puts it right names the run. So a second run of the same statement right after finds nothing that is
not explained or asked for already.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from app import rows
from app.oms import correction, discrepancy, freshness
from app.oms import recon as recons
from app.oms.balance import Key
from app.oms.correction import Counted
from app.oms.discrepancy import Difference
from app.oms.inventory import Cause, Reason
from app.oms.item import Item
from app.oms.recon import Compared, Outcome, ReconItem, ReconRun
from app.rules import rule_version
from app.rules.bodies import Reconciliation

WAIT_FOR_MISSING = timedelta(minutes=5)
"""What a node's source has numbered and we never heard may explain a difference for so long."""
FEW = 20
"""So many lines of a statement may be wrong, whatever share of it they are."""


def limits_of(session: Session, run: ReconRun) -> Reconciliation:
    """As they stood when the run began."""
    return rule_version.in_force(session, Reconciliation, ["all"], at=run.began_at).body


def settle(session: Session, run: ReconRun, stated: Mapping[Key, int], *, follows: bool, at: datetime) -> None:
    """Look again with the balances held, put right what may be, and ask for the rest; keep what each came to."""
    instants = [(key, run.as_of) for key in stated]
    reckoning = correction.open_reckoning(session, stated, instants)
    found = recons.compare(session, run, stated)
    _judge(session, run, found, follows=follows, at=at)
    cause = Cause(reason=Reason.CORRECTION, document=run.document, actor=run.source, occurred_at=run.as_of,
                  recorded_at=at)  # fmt: skip
    for line in found:
        if line.outcome == Outcome.CORRECTED:
            is_newest = reckoning.correct_to(line.key, line.stated + line.unbooked, run.as_of, cause) is not None
            line.outcome = Outcome.CORRECTED if is_newest else Outcome.NEWER
    reckoning.save()
    discrepancy.ask(session, [Difference(line.key, line.difference, cause) for line in found
                              if line.outcome == Outcome.ASKED])  # fmt: skip
    recons.keep(session, run, found)


def _judge(session: Session, run: ReconRun, found: Sequence[Compared], *, follows: bool, at: datetime) -> None:
    """What is to be done with each line that nothing explains."""
    wrong = [line for line in found if line.difference]
    if not wrong:
        return
    limits = limits_of(session, run)
    items = {item.id: item for item in session.exec(select(Item).where(col(Item.id).in_({w.item_id for w in wrong})))}
    gaps = _with_gaps(session, {line.node_id for line in wrong}, at)
    newer, asked = _newer(session, run, wrong), _asked(session, wrong)
    for line in wrong:
        if line.key in newer:
            line.outcome = Outcome.NEWER
        elif line.node_id in gaps:
            line.outcome = Outcome.MISSING
        elif follows and is_small(line, items[line.item_id], limits):
            line.outcome = Outcome.CORRECTED
        elif asked.get(line.key) == line.difference:
            line.outcome = Outcome.ASKED_BEFORE


def is_small(line: Compared, item: Item, limits: Reconciliation) -> bool:
    """In units of the item, and in money at its cost, or at its price where that is not known."""
    off = abs(line.difference)
    return off <= item.units_of(limits.units) and item.priced(off, item.cost_minor or item.price_minor) <= (
        limits.value_minor
    )


def is_in_doubt(limits: Reconciliation, *, wrong: int, lines: int) -> bool:
    """So much of it is wrong that it is rather the statement that is."""
    return wrong > FEW and wrong * 100 > lines * limits.most_wrong_percent


def _with_gaps(session: Session, node_ids: Iterable[int], at: datetime) -> set[int]:
    words = freshness.of(session, node_ids, at=at)
    return {node_id for node_id, sources in words.items() for each in sources
            if each.missing_since is not None and at - each.missing_since <= WAIT_FOR_MISSING}  # fmt: skip


def _newer(session: Session, run: ReconRun, lines: Sequence[Compared]) -> set[Key]:
    """Balances somebody has counted since that instant: what they found stands."""
    return {key for key, as_of in _words(session, lines).items() if as_of > run.as_of}


def _words(session: Session, lines: Sequence[Compared]) -> dict[Key, datetime]:
    asked = rows.given(_named(lines))
    same = sa.and_(col(Counted.item_id) == asked.c.item_id, col(Counted.node_id) == asked.c.node_id)
    found = session.execute(sa.select(col(Counted.item_id), col(Counted.node_id), col(Counted.as_of)).join(asked, same))
    return {(row[0], row[1]): row[2] for row in found}


def _asked(session: Session, lines: Sequence[Compared]) -> dict[Key, int]:
    """Differences somebody was asked to look at, whoever stated them, and nobody has counted since."""
    asked, words = rows.given(_named(lines)), _words(session, lines)
    same = sa.and_(col(ReconItem.item_id) == asked.c.item_id, col(ReconItem.node_id) == asked.c.node_id)
    found = (
        sa.select(col(ReconItem.item_id), col(ReconItem.node_id), col(ReconItem.difference), col(ReconRun.as_of))
        .join(asked, same)
        .join(ReconRun, col(ReconRun.id) == ReconItem.run_id)
        .where(col(ReconItem.outcome) == sa.bindparam(None, Outcome.ASKED, literal_execute=True))
        .order_by(col(ReconRun.id))
    )
    still: dict[Key, int] = {}
    for item_id, node_id, difference, as_of in session.execute(found):
        word = words.get((item_id, node_id))
        if word is None or word <= as_of:
            still[item_id, node_id] = difference
    return still


def _named(lines: Sequence[Compared]) -> dict[str, tuple[int, ...]]:
    items, nodes = zip(*sorted(line.key for line in lines), strict=True)
    return {"item_id": items, "node_id": nodes}
