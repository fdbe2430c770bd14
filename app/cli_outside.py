"""What other systems are told, from the command line: who they are, what did not get there, and sending it again."""

import json
from base64 import b64encode
from datetime import datetime
from typing import Any

import click

from app import clock, db
from app.cli_words import AS_JSON, ROW
from app.drawing import plural
from app.events import backlog, unsent
from app.processes import wired

OF = click.option("--receiver", "name", help="Only this one's: channel:web, node:V1, payment, mail.")


@click.group()
def receiver() -> None:
    """Say which systems are told what happens here, and where."""


@receiver.command("set")
@click.argument("name")
@click.argument("url")
@click.option("--new-secret", is_flag=True, help="Sign with another secret; the one before holds for a day.")
def name_receiver(name: str, url: str, *, new_secret: bool) -> None:
    """Tell NAME at URL, and print the secret its messages are signed with.

    NAME is payment, or channel:CODE, node:CODE or office:CODE.
    """
    from app.webhooks import receiver as receivers

    settings = wired()
    at = clock.now()
    with db.transaction() as session:
        named = receivers.name(session, name, url, is_demo=settings.is_demo, at=at, new_secret=new_secret)
        secret = named.secrets([settings.secret_key], at=at)[0]
    click.echo(f"{name} is told at {url}. Its secret:\nwhsec_{b64encode(secret).decode()}")


@receiver.command()
@click.argument("name")
def forget(name: str) -> None:
    """Tell NAME nothing more; what it would be told is held until it has an address again."""
    from app.webhooks import receiver as receivers

    wired()
    with db.transaction() as session:
        receivers.forget(session, name)
    click.echo(f"{name} is told nothing more.")


@receiver.command()
@AS_JSON
def show(*, as_json: bool) -> None:
    """List who is told, who is away, what waits for them and what was given up."""
    from app.webhooks import receiver as receivers

    wired()
    with db.reading() as session:
        queues, dead = backlog.queues(session), unsent.number_dead(session)
        named = {known.name: known for known in receivers.everyone(session)}
    shown = []
    for name in sorted({*named, *queues, *dead}):
        shown.append({"name": name, "waits_since": _utc(queues.get(name)), "given_up": dead.get(name, 0)})
        if name in named:
            known = named[name]
            shown[-1] |= {"url": known.url, "failures": known.failures, "paused_until": _utc(known.paused_until),
                          "last_error": known.last_error, "heard_at": _utc(known.heard_at)}  # fmt: skip
        click.echo(_line(shown[-1]))
    if as_json:
        click.echo(json.dumps({"receivers": shown}))


def _line(said: dict[str, Any]) -> str:
    words = [said["name"], said.get("url", "")]
    if said.get("failures"):
        how_often = plural(said["failures"], "time")
        words.append(f"away ({said['last_error']} {how_often}), asked again at {said['paused_until']}")
    if said["waits_since"]:
        words.append(f"something waits since {said['waits_since']}")
    if said["given_up"]:
        words.append(f"{said['given_up']} given up")
    return "  ".join(word for word in words if word)


@click.group()
def outbox() -> None:
    """List what did not get to other systems, and send it again."""


@outbox.command()
@OF
@AS_JSON
def dead(*, name: str | None, as_json: bool) -> None:
    """List the messages that were given up, and why."""
    wired()
    with db.reading() as session:
        given_up = unsent.dead(session, receiver=name)
    for each in given_up:
        click.echo(f"{each.id}  {each.receiver}  {each.dedupe}  {plural(each.attempts, 'time')}: {each.last_error}")
    if as_json:
        click.echo(json.dumps({"dead": [each.id for each in given_up]}))


@outbox.command()
@click.argument("ids", nargs=-1, type=ROW)
@OF
@AS_JSON
def replay(*, ids: tuple[int, ...], name: str | None, as_json: bool) -> None:
    """Send these again, by the number `dead` lists them under, or all that one receiver did not take."""
    if bool(ids) == bool(name):
        raise click.UsageError("Say either which messages, by their numbers, or whose, with --receiver.")
    wired()
    with db.transaction() as session:
        again = ids or [each.id for each in unsent.dead(session, receiver=name)]
        number = unsent.replay(session, again, at=clock.now())
    click.echo(f"{number} will be sent again.")
    if as_json:
        click.echo(json.dumps({"replayed": number}))


def _utc(instant: datetime | None) -> str | None:
    return instant.isoformat().replace("+00:00", "Z") if instant else None
