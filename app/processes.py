"""The processes: everything in one, or pages, sockets and the clock's work each by itself."""

import errno
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

import click
from sqlalchemy.exc import SQLAlchemyError

from app import config, wire
from app.config import Settings
from app.config_outside import BadSettings

EVERYWHERE = "0.0.0.0"  # noqa: S104 - a process behind a proxy is reached from other machines
HERE = "127.0.0.1"
A_PORT = click.IntRange(0, 65535)


def settings_of_environment(port: int = 8000) -> Settings:
    try:
        settings = config.from_env(port=port)
    except BadSettings as wrong:
        raise click.ClickException(str(wrong)) from wrong
    if settings.database_url.startswith("sqlite"):
        settings.var.mkdir(parents=True, exist_ok=True)
    return settings


def wired() -> Settings:
    """Wired, on a database this code knows; a newer or older schema stops the start."""
    from app import migrations

    settings = settings_of_environment()
    try:
        is_current = migrations.is_current(settings.database_url)
    except SQLAlchemyError as away:
        raise click.ClickException(f"The database can't be reached ({type(away).__name__}).") from away
    if not is_current:
        raise click.ClickException("The database is not at this version's schema. Run: readyshelf migrate")
    wire(settings)
    return settings


@click.command()
@click.option("--port", type=A_PORT, default=8000, show_default=True)
@click.option("--fresh", is_flag=True, help="Forget the demo's data first.")
@click.option("--no-demo", is_flag=True, help="No demo shop and no demo day; the tables are made all the same.")
def run(port: int, fresh: bool, no_demo: bool) -> None:
    """Set up what is missing and serve everything on one port, until Ctrl-C."""
    from app import create_app, demo, migrations, serving

    settings = settings_of_environment(port)
    has_demo = settings.is_demo and not no_demo
    if fresh:
        try:
            demo.forget(settings)
        except demo.NotTheDemos as no:
            raise click.ClickException(str(no)) from no
    migrations.upgrade(settings.database_url)
    wire(settings)
    if has_demo and not demo.is_built():
        click.echo("Readyshelf: building the demo's shops …")
        demo.build(settings)

    def introduce(bound: int) -> None:
        click.echo(f"Readyshelf: http://{HERE}:{bound}")
        click.echo("".join(f"{line}\n" for line in demo.introduction(settings, f"http://{HERE}:{bound}")), nl=False)

    with _listening_on(port), demo.day(settings) if has_demo else nullcontext():
        serving.serve(create_app(settings), settings, host=HERE, port=port, with_jobs=True, ready=introduce)
    click.echo("Readyshelf: stopped.")


@click.command()
@click.option("--host", default=EVERYWHERE, show_default=True)
@click.option("--port", type=A_PORT, default=8000, show_default=True)
def web(host: str, port: int) -> None:
    """Serve pages and sockets; the jobs run elsewhere."""
    from app import create_app, serving

    settings = wired()
    with _listening_on(port):
        serving.serve(create_app(settings), settings, host=host, port=port, with_jobs=False, ready=_said_by("web"))
    click.echo("Readyshelf web: stopped.")


@click.command()
@click.option("--host", default=EVERYWHERE, show_default=True)
@click.option("--port", type=A_PORT, default=8001, show_default=True)
def live(host: str, port: int) -> None:
    """Serve the sockets alone, behind a proxy that sends /live here."""
    from app import serving

    with _listening_on(port):
        serving.serve_live(wired(), host=host, port=port, ready=_said_by("live"))
    click.echo("Readyshelf live: stopped.")


@contextmanager
def _listening_on(port: int) -> Iterator[None]:
    try:
        yield
    except OSError as no:
        if no.errno not in (errno.EADDRINUSE, errno.EACCES):
            raise
        raise click.ClickException(f"Port {port} can't be used ({no.strerror}). Choose another with --port.") from no


def _said_by(process: str) -> Callable[[int], None]:
    return lambda port: click.echo(f"Readyshelf {process}: listening on port {port}.")


@click.command()
def jobs() -> None:
    """Keep the clock: escalations, reminders, letters."""
    from jobs.__main__ import run as tick

    tick(wired())
