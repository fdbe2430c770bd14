"""The command: the processes, and what is done once: migrate, seed, replay, enrol, check that what must hold holds."""

import json
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

import click
from sqlmodel import Session, select

from app import clock, db
from app.cli_channel import channel
from app.cli_node import node
from app.cli_outside import outbox, receiver
from app.cli_recon import back_office, postings, reconcile
from app.cli_rules import rules
from app.cli_simulate import simulate
from app.cli_words import ROW
from app.processes import jobs, live, run, settings_of_environment, web, wired
from app.refusals import Refusal

AS_JSON = click.option("--json", "as_json", is_flag=True, help="End with one JSON line.")


class Sentences(click.Group):
    """What the shop refuses is said in its own words, on the way out."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except Refusal as no:
            raise click.ClickException(no.words) from no


@click.group(cls=Sentences)
def main() -> None:
    """Readyshelf: orders to collect, from tap to hand-over."""


COMMANDS = (
    run, web, live, jobs, rules, channel, receiver, outbox, back_office, postings, reconcile, simulate, node,
)  # fmt: skip
for command in COMMANDS:
    main.add_command(command)


def _end(figures: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(figures))


@main.command()
@AS_JSON
def migrate(as_json: bool) -> None:
    """Bring the database to this version's schema; safe to run again."""
    from app import migrations

    migrations.upgrade(settings_of_environment().database_url)
    click.echo("The database is at the newest schema.")
    _end({"schema": migrations.head()}, as_json=as_json)


@main.command()
@click.option("--scenario", default="demo", show_default=True, type=click.Choice(["demo", "b"]),
              help="The demo's four shops, or a chain of two centres, sixty shops and three vendors.")  # fmt: skip
@AS_JSON
def seed(scenario: str, as_json: bool) -> None:
    """Build the demo's shops, or a scenario's, in an empty database."""
    from app import demo
    from seed import scenario_b_world

    settings = wired()
    if demo.is_built():
        raise click.ClickException("There are shops already; nothing was built.")
    if scenario == "b":
        scenario_b_world.build(settings, clock.now())
    else:
        demo.build(settings)
    click.echo("The demo's shops are built." if scenario == "demo" else f"Scenario {scenario.upper()} is built.")
    _end({"built": True}, as_json=as_json)


@main.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@AS_JSON
def load(file: Path, *, as_json: bool) -> None:
    """Load the company's regions, stores, people, items and opening stock from FILE (JSON); safe to run again."""
    from seed import company

    wired()
    read = company.read(file.read_bytes())
    with db.transaction() as session:
        pins = company.load(session, read, at=clock.now())
    for number, pin in pins.items():
        click.echo(f"{number}: the first PIN is {pin}")
    figures = {name: len(getattr(read, name)) for name in type(read).model_fields}
    click.echo("Loaded: " + ", ".join(f"{count} {name}" for name, count in figures.items()) + ".")
    _end(figures, as_json=as_json)


@main.command()
@click.argument("source")
@click.option("--from", "first", type=click.DateTime(["%Y-%m-%d"]), help="The first day to play.")
@click.option("--to", "last", type=click.DateTime(["%Y-%m-%d"]), help="The last day to play.")
@click.option("--speed", default="max", show_default=True, help="max, or how many times faster than it was.")
@click.option(
    "--orders-share", default=None, type=click.FloatRange(0, 1), help="Which part of the baskets become orders."
)
@AS_JSON
def replay(
    *, source: str, first: datetime | None, last: datetime | None, speed: str, orders_share: float | None, as_json: bool
) -> None:
    """Play the real orders of SOURCE (completejourney, or a file of invoices) into the shop."""
    from seed import replay as player
    from seed.streams.stream import PICKUP_SHARE

    if speed != player.MAX and not _is_pace(speed):
        raise click.BadParameter("--speed is max, or a number above 0.")
    report = player.run(
        wired(),
        source,
        first=first.date() if first else None,
        last=last.date() if last else None,
        speed=speed,
        pickup_share=PICKUP_SHARE if orders_share is None else orders_share,
    )
    click.echo("\n".join(report.lines()))
    _end(report.figures, as_json=as_json)


def _is_pace(speed: str) -> bool:
    try:
        return 0 < float(speed) < float("inf")
    except ValueError:
        return False


@main.command()
@click.argument("place")
@click.argument("name")
@click.option("--revoke", is_flag=True, help="Print no link, but lock out the tablets of that name.")
def device(place: str, name: str, revoke: bool) -> None:
    """Print a link that enrols a tablet called NAME for PLACE (a store's code, or a region's); good once, for a day."""
    from app.people import device as devices

    settings = wired()
    with db.transaction() as session:
        where = _place(session, place)
        if not revoke:
            click.echo(f"{settings.public_url}/enrol/{devices.invite(session, name=name, at=clock.now(), **where)}")
        elif not devices.revoke_named(session, name, **where, at=clock.now()):
            raise click.ClickException(f"{place} has no tablet {name}.")


def _place(session: Session, code: str) -> dict[str, int]:
    from app.people.store import Region, Store

    for key, model in (("store_id", Store), ("region_id", Region)):
        found = session.exec(select(model.id).where(model.code == code)).one_or_none()
        if found is not None:
            return {key: found}
    raise click.ClickException(f"There is no store and no region {code}.")


@main.command("api-key")
@click.argument("name")
@click.option("--channel", "channels", multiple=True, help="A channel it is kept to; may be given several times.")
@click.option("--stock", is_flag=True, help="A key for POST /in/events, and not for orders.")
@click.option("--node", "nodes", multiple=True, help="A key for what this depot or vendor sends, and for nothing else.")
@click.option("--revoke", is_flag=True, help="Make no key, but end those that NAME holds.")
def api_key(*, name: str, channels: tuple[str, ...], stock: bool, nodes: tuple[str, ...], revoke: bool) -> None:
    """Print a new API key for the system called NAME; it is shown this once."""
    from app.people import api_client

    wired()
    with db.transaction() as session:
        if not revoke:
            kept = {api_client.Scope.STOCK: stock, api_client.Scope.FULFILMENT: bool(nodes)}
            scopes = [scope for scope, is_meant in kept.items() if is_meant]
            click.echo(api_client.issue_key(session, name=name, at=clock.now(), channels=channels, scopes=scopes,
                                            nodes=nodes))  # fmt: skip
        elif not api_client.revoke_keys(session, name=name, at=clock.now()):
            raise click.ClickException(f"{name} holds no key.")


@main.command()
@click.option("--replay", "again", multiple=True, type=ROW, help="Try this message again; may be given several times.")
@AS_JSON
def inbox(*, again: tuple[int, ...], as_json: bool) -> None:
    """List the messages from outside that were rejected, given up, or put aside for a person to look at."""
    from app.events import inbox as messages
    from app.events import quarantine
    from app.oms import stock_intake

    wired()
    for row_id in again:
        click.echo(f"{row_id}: {stock_intake.replay(row_id, at=clock.now())}")
    with db.reading() as session:
        unsettled, aside = messages.unsettled(session), quarantine.listed(session)
    for each in unsettled:
        click.echo(f"{each.id}  {each.source} {each.message_id}  {each.state}: {each.words}")
    for odd in aside:
        click.echo(f"put aside  {odd.source or odd.sender} {odd.message_id or ''}: {odd.words}")
    _end({"unsettled": len(unsettled), "put_aside": len(aside)}, as_json=as_json)


@main.command("prove-no-oversell")
@click.option("--clients", default=32, show_default=True, type=click.IntRange(1, 256))
@click.option("--processes", default=4, show_default=True, type=click.IntRange(1, 16))
@click.option("--units", default=100, show_default=True, type=click.IntRange(1, 100_000))
@click.option("--http", "is_over_http", is_flag=True, help="Ask web processes over HTTP, not the library.")
@AS_JSON
def prove_no_oversell(*, clients: int, processes: int, units: int, is_over_http: bool, as_json: bool) -> None:
    """Run the race for the last units of one item, in a database of its own, and print the verdict."""
    from seed import proof

    race = proof.Race(clients, processes, units, is_over_http)
    outcome = proof.run(settings_of_environment().database_url, race)
    click.echo("\n".join(outcome.lines()))
    _end(outcome.figures, as_json=as_json)
    sys.exit(0 if outcome.holds else 1)


@main.command()
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
    _end({"holds": holds, "wrong": wrong, "seconds": seconds}, as_json=as_json)
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
