"""The command: set up, serve, keep the clock, replay real orders, and check that what must hold does hold."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from app import clock, config, db, wire
from app.config import BadSettings, Settings

EVERYWHERE = "0.0.0.0"  # noqa: S104 - a process behind a proxy is reached from other machines
HERE = "127.0.0.1"


@click.group()
def main() -> None:
    """Readyshelf: orders to collect, from tap to hand-over."""


def _settings(port: int = 8000) -> Settings:
    try:
        settings = config.from_env(port=port)
    except BadSettings as wrong:
        raise click.ClickException(str(wrong)) from wrong
    if settings.database_url.startswith("sqlite"):
        settings.var.mkdir(parents=True, exist_ok=True)
    return settings


def _wired() -> Settings:
    """Wired, on a database this code knows; a newer or older schema stops the start."""
    from app import migrations

    settings = _settings()
    if not migrations.is_current(settings.database_url):
        raise click.ClickException("The database is not at this version's schema. Run: readyshelf migrate")
    wire(settings)
    return settings


@main.command()
@click.option("--port", default=8000, show_default=True)
@click.option("--fresh", is_flag=True, help="Forget the demo's data first.")
@click.option("--no-demo", is_flag=True, help="No demo shop and no demo day; the tables are made all the same.")
def run(port: int, fresh: bool, no_demo: bool) -> None:
    """Set up what is missing and serve everything on one port, until Ctrl-C."""
    from app import create_app, migrations, serving

    settings = _settings(port)
    is_demo = settings.is_demo and not no_demo
    if fresh:
        _forget(settings)
    migrations.upgrade(settings.database_url)
    wire(settings)
    app = create_app(settings)
    with _demo_day(settings) if is_demo else nullcontext():
        serving.serve(app, settings, host=HERE, port=port, with_jobs=True, ready=lambda bound: _say(settings, bound))
    click.echo("Readyshelf: stopped.")


def _forget(settings: Settings) -> None:
    """Only the demo's own database, in its own folder, is ever deleted."""
    kept = settings.var.resolve() / "readyshelf.db"
    if not settings.is_demo or settings.database_url != f"sqlite:///{kept}":
        raise click.ClickException("--fresh forgets the demo's own database only; this is another one.")
    for path in (kept, Path(f"{kept}-wal"), Path(f"{kept}-shm")):
        path.unlink(missing_ok=True)
    for name in ("demo-people.json", "demo-api-key"):
        (settings.var / name).unlink(missing_ok=True)
    for letter in (settings.var / "demo-mail").glob("*.eml"):
        letter.unlink()


@contextmanager
def _demo_day(settings: Settings) -> Iterator[None]:
    """Shops, people and a key on the first start; then customers who order for as long as we serve."""
    from seed import day, demo

    if _is_empty():
        click.echo("Readyshelf: building the demo's shops …")
        demo.build(settings, clock.now())
    key = settings.var / "demo-api-key"
    if not key.exists():
        key.touch(mode=0o600)
        key.write_text(_new_key("the demo's web shop"))
    running = day.start(settings)
    try:
        yield
    finally:
        running.stop()


def _is_empty() -> bool:
    from sqlmodel import select

    from app.people.store import Store

    with db.reading() as session:
        return session.exec(select(Store.id).limit(1)).first() is None


def _new_key(name: str) -> str:
    from app.people import api_client

    with db.transaction() as session:
        return api_client.issue_key(session, name=name, at=clock.now())


def _say(settings: Settings, port: int) -> None:
    """The address, who can sign in, and the key for the API: all a visitor needs."""
    click.echo(f"Readyshelf: http://{HERE}:{port}")
    people = settings.var / "demo-people.json"
    if not settings.is_demo or not people.exists():
        return
    click.echo(f"  Choose a tablet: http://{HERE}:{port}/demo")
    for person in json.loads(people.read_text()):
        place = person.get("store") or f"desk {person.get('region', '')}"
        click.echo(f"  {place:<20} {person['name']:<22} {person['job']:<18} PIN {person['pin']}")
    click.echo(f"  API key: {(settings.var / 'demo-api-key').read_text().strip()}")


@main.command()
@click.option("--host", default=EVERYWHERE, show_default=True)
@click.option("--port", default=8000, show_default=True)
def web(host: str, port: int) -> None:
    """Serve pages and sockets; the jobs run elsewhere."""
    from app import create_app, serving

    settings = _wired()
    serving.serve(create_app(settings), settings, host=host, port=port, with_jobs=False)


@main.command()
@click.option("--host", default=EVERYWHERE, show_default=True)
@click.option("--port", default=8001, show_default=True)
def live(host: str, port: int) -> None:
    """Serve the sockets alone, behind a proxy that sends /live here."""
    from app import serving

    serving.serve_live(_wired(), host=host, port=port)


@main.command()
def jobs() -> None:
    """Keep the clock: escalations, reminders, letters."""
    from jobs.__main__ import main as start

    _wired()
    start()


@main.command()
def migrate() -> None:
    """Bring the database to this version's schema; safe to run again."""
    from app import migrations

    migrations.upgrade(_settings().database_url)
    click.echo("The database is at the newest schema.")


@main.command()
def seed() -> None:
    """Build the demo's shops in an empty database."""
    from seed import demo

    settings = _wired()
    if not _is_empty():
        raise click.ClickException("There are shops already; nothing was built.")
    demo.build(settings, clock.now())
    click.echo("The demo's shops are built.")


@main.command()
@click.argument("source")
@click.option("--from", "first", type=click.DateTime(["%Y-%m-%d"]), help="The first day to play.")
@click.option("--to", "last", type=click.DateTime(["%Y-%m-%d"]), help="The last day to play.")
@click.option("--speed", default="max", show_default=True, help="max, or how many times faster than it was.")
@click.option(
    "--orders-share", default=None, type=click.FloatRange(0, 1), help="Which part of the baskets become orders."
)
def replay(
    *, source: str, first: datetime | None, last: datetime | None, speed: str, orders_share: float | None
) -> None:
    """Play the real orders of SOURCE (completejourney, or a file of invoices) into the shop."""
    from seed import replay as player
    from seed.streams.stream import PICKUP_SHARE

    if speed != player.MAX and not _is_pace(speed):
        raise click.BadParameter("--speed is max, or a number above 0.")
    report = player.run(
        _wired(),
        source,
        first=first.date() if first else None,
        last=last.date() if last else None,
        speed=speed,
        pickup_share=PICKUP_SHARE if orders_share is None else orders_share,
    )
    click.echo("\n".join(report.lines()))
    click.echo(json.dumps(report.figures))


def _is_pace(speed: str) -> bool:
    try:
        return 0 < float(speed) < float("inf")
    except ValueError:
        return False


@main.command()
@click.argument("store")
@click.argument("name")
def device(store: str, name: str) -> None:
    """Print a link that enrols a tablet called NAME for STORE (its code); it works once, for a day."""
    from sqlmodel import select

    from app.people import device as devices
    from app.people.store import Store

    settings = _wired()
    with db.transaction() as session:
        found = session.exec(select(Store).where(Store.code == store)).one_or_none()
        if found is None:
            raise click.ClickException(f"There is no store {store}.")
        token = devices.invite(session, name=name, at=clock.now(), store_id=found.id)
    click.echo(f"{settings.public_url}/enrol/{token}")


@main.command("api-key")
@click.argument("name")
def api_key(name: str) -> None:
    """Print a new API key for the system called NAME; it is shown this once."""
    _wired()
    click.echo(_new_key(name))


@main.command()
@click.option("--json", "as_json", is_flag=True, help="End with one JSON line.")
def verify(as_json: bool) -> None:
    """Check every balance, claim, event and number on a board against what explains it."""
    _wired()
    wrong: dict[str, list[str]] = {}
    for subject, check in _checks():
        with db.reading() as session:
            wrong[subject] = list(check(session))
        click.echo(f"{subject}: {'holds' if not wrong[subject] else f'{len(wrong[subject])} wrong'}")
        for sentence in wrong[subject]:
            click.echo(f"  {sentence}")
    holds = not any(wrong.values())
    if as_json:
        click.echo(json.dumps({"holds": holds, "wrong": wrong}))
    sys.exit(0 if holds else 1)


def _checks() -> Iterator[tuple[str, Callable[[Any], Any]]]:
    from app.events import log
    from app.oms import inventory, reservation
    from app.pickup import tally

    yield "every balance is the sum of its movements", inventory.unexplained
    yield "every reserved unit has its claim", reservation.unexplained
    yield "every event follows from the one before", log.broken_links
    yield "every number on a board is what its log gives", tally.untrue
