"""Rules, as operations set them from a command line: shown, published from a file, rolled back."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import click
from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError
from sqlmodel import Session, select

from app import clock, db
from app.cli_words import BY, NODE_KINDS
from app.processes import wired
from app.refusals import Refusal
from app.rules import rule_version
from app.rules.bodies import BODIES, RuleKind, RuleNotValid
from app.rules.rule_version import RuleVersion

KIND = click.Choice([kind.value for kind in BODIES])


class RuleFile(BaseModel):
    """One rule: of what kind, for what, what it says, and from when if not from now."""

    model_config = ConfigDict(extra="forbid")

    kind: str
    scope: str = "all"
    body: dict[str, Any]
    valid_from: Annotated[AwareDatetime | None, "RFC 3339, with its offset"] = None


class NoSuchPlace(Refusal):
    """A rule for nothing would be kept by nobody."""

    status = 422


@click.group()
def rules() -> None:
    """Show, publish or roll back rules."""


@rules.command()
@click.option("--kind", type=KIND, help="Only these.")
@click.option("--all", "with_past", is_flag=True, help="Those that ended or have not begun, too.")
def show(*, kind: str | None, with_past: bool) -> None:
    """List the rules in force, one JSON line each, in the form `publish` takes."""
    wired()
    at = clock.now()
    with db.reading() as session:
        for each in RuleKind if kind is None else [RuleKind(kind)]:
            held = _every(session, each) if with_past else rule_version.all_in_force(session, each, at=at)
            for version in sorted(held, key=lambda version: (version.scope, version.number)):
                click.echo(json.dumps(_shown(version)))


@rules.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@BY
def publish(*, file: Path, by: str) -> None:
    """Publish the rule in FILE (JSON: kind, scope, body and, if not now, valid_from)."""
    try:
        said = RuleFile.model_validate_json(file.read_bytes())
    except ValidationError as wrong:
        raise RuleNotValid(f"{file.name} holds no rule: {wrong.errors(include_input=False)[0]['msg']}.") from wrong
    wired()
    begins = said.valid_from.astimezone(UTC) if said.valid_from else None
    with db.transaction() as session:
        _check_place(session, said.scope)
        version = rule_version.publish(session, kind=said.kind, scope=said.scope, body=said.body, by=by, at=clock.now(),
                                       valid_from=begins)  # fmt: skip
    click.echo(f"Version {version.number} of {version.kind} for {version.scope} holds from {_utc(version.valid_from)}.")


@rules.command("roll-back")
@click.argument("kind", type=KIND)
@click.argument("scope", default="all")
@BY
def roll_back(*, kind: str, scope: str, by: str) -> None:
    """Take the newest version of KIND for SCOPE back; what was said before it holds again."""
    wired()
    with db.transaction() as session:
        version = rule_version.roll_back(session, kind=kind, scope=scope, by=by, at=clock.now())
    if version.restores is not None:
        click.echo(f"Version {version.number} says again what version {version.restores} said.")
    else:
        click.echo(f"Version {version.number} was withdrawn.")


def _check_place(session: Session, scope: str) -> None:
    from app.oms.channel import Channel
    from app.oms.item import Item
    from app.oms.node import Node
    from app.people.store import Region, Store

    codes = {"node": Node.code, "store": Store.code, "region": Region.code, "item": Item.sku, "channel": Channel.code}
    for part in scope.split("@"):
        word, _, code = part.partition(":")
        if word == "kind" and code not in NODE_KINDS:
            raise NoSuchPlace(f"There is no kind of node called {code}.")
        if word in codes and session.exec(select(codes[word]).where(codes[word] == code)).first() is None:
            raise NoSuchPlace(f"There is no {word} {code}.")


def _every(session: Session, kind: RuleKind) -> Iterable[RuleVersion]:
    return session.exec(select(RuleVersion).where(RuleVersion.kind == kind)).all()


def _shown(version: RuleVersion) -> dict[str, Any]:
    ended = {"retired_at": _utc(version.retired_at)} if version.retired_at else {}
    return {
        "kind": version.kind, "scope": version.scope, "body": version.body, "valid_from": _utc(version.valid_from),
        "number": version.number, "published_by": version.published_by, **ended,
    }  # fmt: skip


def _utc(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
