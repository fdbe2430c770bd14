"""Books beside books, from the command line: back offices, what they have not booked, and their statements compared."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from sqlmodel import Session

from app import clock, db
from app.cli_words import AS_JSON, WORD
from app.processes import wired

if TYPE_CHECKING:
    from app.oms.reconciling import Report

MOST_SHOWN = 50
CODE = click.argument("code", type=WORD)
AN_INSTANT = click.DateTime(["%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S.%fZ"])


@click.command("back-office")
@CODE
def back_office(code: str) -> None:
    """Tell the system called CODE, from now on, of everything we move: `postings CODE` lists it."""
    from app.oms import posting

    wired()
    with db.transaction() as session:
        if session.get(posting.BackOffice, code) is not None:
            raise click.ClickException(f"{code} is told already.")
        posting.open_office(session, code, at=clock.now())
    click.echo(f"{code} is told from now on of what we move.")


@click.command()
@CODE
@click.option("--booked", "names", multiple=True, help="The id of one it has booked; may be given several times.")
def postings(*, code: str, names: tuple[str, ...]) -> None:
    """List what CODE has not booked yet, one JSON line each; with --booked, take down what it has."""
    from app.oms import posting

    wired()
    with db.transaction() as session:
        if session.get(posting.BackOffice, code) is None:
            raise click.ClickException(f"There is no back office {code}.")
        if names:
            click.echo(f"{posting.acknowledge(session, code, names, at=clock.now())} booked.")
            return
        for message in posting.waiting(session, code):
            click.echo(json.dumps(message.payload))


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--source", required=True, help="Whose books they are: a back office, `erp`.")
@click.option("--as-of", required=True, type=AN_INSTANT, help="When they stood so, in UTC: 2026-11-23T02:00:00Z.")
@click.option("--dry-run", "is_trying", is_flag=True, help="Only compare.")
@AS_JSON
def reconcile(*, file: Path, source: str, as_of: datetime, is_trying: bool, as_json: bool) -> None:
    """Compare our stock with FILE (CSV: node, sku, quantity, perhaps uom; or JSON), and put small errors right.

    What is left for a person, and what could not be read, makes the exit status 1.
    """
    from app.oms import reconciling
    from app.oms.statement import Statement, lines_of

    wired()
    lines = lines_of(file.read_bytes(), is_json=file.suffix == ".json")
    statement = Statement(source=source, as_of=as_of.replace(tzinfo=UTC), lines=lines)
    with click.progressbar(length=max(1, len(lines)), label="compared", file=sys.stderr) as bar:
        report = reconciling.reconcile(statement, at=clock.now(), is_trying=is_trying, progress=bar.update)
    with db.reading() as session:
        click.echo("\n".join(_told(session, report)))
    if as_json:
        click.echo(json.dumps(_figures(report, is_trying=is_trying)))
    sys.exit(1 if report.left else 0)


def _told(session: Session, report: "Report") -> list[str]:
    from app.oms.item import Item
    from app.oms.node import Node

    said = [f"{number} {outcome}" for outcome, number in sorted(report.run.counts.items())]
    lines = [f"{report.lines} lines: {', '.join(said) or 'nothing to compare'}."]
    if report.is_in_doubt:
        lines.append("So much of it is wrong that the statement itself is in doubt: none of it was followed.")
    for wrong in report.wrong[:MOST_SHOWN]:
        item, node = session.get_one(Item, wrong.item_id), session.get_one(Node, wrong.node_id)
        theirs, ours, left = (item.said(units) for units in (wrong.stated, wrong.on_hand, wrong.difference))
        lines.append(f"  {node.code} {item.sku}: they have {theirs}, we have {ours}; {left} unexplained")
    hidden = len(report.wrong) - MOST_SHOWN
    return [*lines, *([f"  … and {hidden} more"] if hidden > 0 else []), *report.refused[:MOST_SHOWN]]


def _figures(report: "Report", *, is_trying: bool) -> dict[str, Any]:
    return {
        "run": None if is_trying else report.run.id, "lines": report.lines, "counts": report.run.counts,
        "unexplained": len(report.wrong), "refused": len(report.refused), "in_doubt": report.is_in_doubt,
    }  # fmt: skip
