"""The command: the processes, and what is done once: migrate, seed, load, replay, try a message again, prove."""

import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from app import clock, db
from app.cli_access import api_key, device
from app.cli_channel import channel
from app.cli_node import node
from app.cli_outside import outbox, receiver
from app.cli_recon import back_office, postings, reconcile
from app.cli_rules import rules
from app.cli_simulate import simulate
from app.cli_verify import verify
from app.cli_words import AS_JSON, ROW, end_with
from app.processes import jobs, live, run, settings_of_environment, web, wired
from app.refusals import Refusal


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
    api_key, device, verify,
)  # fmt: skip
for command in COMMANDS:
    main.add_command(command)


@main.command()
@AS_JSON
def migrate(as_json: bool) -> None:
    """Bring the database to this version's schema; safe to run again."""
    from app import migrations

    migrations.upgrade(settings_of_environment().database_url)
    click.echo("The database is at the newest schema.")
    end_with({"schema": migrations.head()}, as_json=as_json)


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
    end_with({"built": True}, as_json=as_json)


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
    end_with(figures, as_json=as_json)


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
    end_with(report.figures, as_json=as_json)


def _is_pace(speed: str) -> bool:
    try:
        return 0 < float(speed) < float("inf")
    except ValueError:
        return False


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
    end_with({"unsettled": len(unsettled), "put_aside": len(aside)}, as_json=as_json)


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
    end_with(outcome.figures, as_json=as_json)
    sys.exit(0 if outcome.holds else 1)
