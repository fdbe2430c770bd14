"""The command that checks the books: every balance, claim, event and number against what explains it."""

import sys
from collections.abc import Callable, Iterator
from functools import partial
from time import perf_counter
from typing import Any

import click

from app import clock, db
from app.cli_words import AS_JSON, end_with
from app.processes import wired


@click.command()
@AS_JSON
def verify(as_json: bool) -> None:
    """Check every balance, claim, event and number on a board against what explains it."""
    wired()
    wrong: dict[str, list[str]] = {}
    seconds: dict[str, float] = {}
    for subject, check in checks():
        click.echo(f"{subject}: ", nl=False)  # said first: among millions of rows, one waits
        began = perf_counter()
        with db.reading() as session:
            wrong[subject] = list(check(session))
        seconds[subject] = round(perf_counter() - began, 2)
        verdict = f"{len(wrong[subject])} wrong" if wrong[subject] else "holds"
        click.echo(f"{verdict}, {seconds[subject]} s")
        for sentence in wrong[subject]:
            click.echo(f"  {sentence}")
    holds = not any(wrong.values())
    end_with({"holds": holds, "wrong": wrong, "seconds": seconds}, as_json=as_json)
    sys.exit(0 if holds else 1)


def checks() -> Iterator[tuple[str, Callable[[Any], Any]]]:
    """What has to be true of the books, in words, and who looks."""
    from app.events import log
    from app.notices import delivery
    from app.oms import availability, books, shortfall, stock_facts
    from app.pickup import tally

    yield "every balance is the sum of its movements", books.unexplained_balances
    yield "every reserved unit has its claim", books.unexplained_claims
    yield "every shortfall is what its balance says", shortfall.untrue
    yield "every channel sells what its nodes have", partial(availability.untrue, at=clock.now())
    yield "every message from outside had its effect once", stock_facts.untrue
    yield "every event follows from the one before", log.broken_links
    yield "every number on a board is what its log gives", tally.untrue
    yield "nobody was told ready before the bag was on a shelf", delivery.too_early
