"""Places that hold stock, from the command line: opened, given terms, taken down and brought up again."""

import json
from datetime import UTC, datetime
from typing import Any

import click
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from app import clock, db
from app.cli_words import BY, WORD, Real
from app.oms import candidates, outage
from app.oms import node as places
from app.oms.node import Node, NodeKind
from app.oms.node_terms import NodeTerms
from app.processes import wired
from app.refusals import Unreadable

KINDS = {"dc": NodeKind.DC, "vendor": NodeKind.VENDOR}
AMOUNT = click.IntRange(0, 1_000_000)


@click.group()
def node() -> None:
    """Say which places there are besides stores, on what terms each serves, and when one can't."""


@node.command("open")
@click.argument("code", type=WORD)
@click.argument("name", type=WORD)
@click.option("--kind", required=True, type=click.Choice(list(KINDS)))
def open_one(code: str, name: str, *, kind: str) -> None:
    """Add a distribution centre or a drop-ship vendor; it ships, until its terms say otherwise."""
    wired()
    try:
        with db.transaction() as session:
            session.add(Node(kind=KINDS[kind], code=code, name=name))
    except IntegrityError as taken:
        raise Unreadable(f"There is a node {code} already.") from taken
    click.echo(f"{name} ({code}) is open.")


@node.command()
@click.argument("code")
@click.option("--pickup/--no-pickup", "does_pickup", default=None, help="Customers collect there.")
@click.option("--ship/--no-ship", "does_ship", default=None, help="It sends parcels.")
@click.option("--cold/--no-cold", "has_cold_chain", default=None, help="It keeps cold goods cold.")
@click.option("--latitude", type=Real(-90, 90))
@click.option("--longitude", type=Real(-180, 180))
@click.option("--ship-capacity", type=AMOUNT, help="Orders a day.")
@click.option("--handling-s", type=AMOUNT, help="Seconds of its opening time until the carrier has it.")
@click.option("--km-per-day", type=click.IntRange(1, 20_000), help="How far its carrier brings a parcel in a day.")
@click.option("--parcel-minor", type=AMOUNT)
@click.option("--per-kg-minor", type=AMOUNT)
@click.option("--carrier-failure-rate", type=Real(0, 1))
def terms(code: str, **said: Any) -> None:
    """Set the terms on which CODE serves; what is not said stays as it is."""
    wired()
    if (said["latitude"] is None) != (said["longitude"] is None):
        raise Unreadable("A point has a latitude and a longitude.")
    with db.transaction() as session:
        kept = outage.terms_of(session, _found(session, code))
        for name, value in said.items():
            if value is not None:
                setattr(kept, name, value)
        session.flush()
        click.echo(json.dumps(_shown(kept)))


@node.command()
@click.argument("code")
@click.option("--reason", required=True)
@click.option("--until", type=click.DateTime(["%Y-%m-%dT%H:%M"]), help="In UTC; without it, until it is said to be up.")
@click.option("--move", is_flag=True, help="Send elsewhere what nobody there has picked yet of what is to be shipped.")
@BY
def down(code: str, *, reason: str, until: datetime | None, move: bool, by: str) -> None:
    """Route nothing to CODE for a while."""
    wired()
    at = clock.now()
    ends = until.replace(tzinfo=UTC) if until is not None else None
    with db.transaction() as session:
        place = _found(session, code)
        outage.take_down(session, place, reason=reason, until=ends, actor=by, at=at)
    click.echo(f"Nothing is routed to {place.name} until {f'{ends:%Y-%m-%d %H:%M} UTC' if ends else 'it is up'}.")
    if move:
        _move(place, by=by, at=at)


def _move(place: Node, *, by: str, at: datetime) -> None:
    with db.reading() as session:
        waiting = outage.waiting_at(session, place)
    moved = 0
    for order_id in waiting:
        with db.transaction() as session:
            moved += outage.move_on(session, order_id, place, actor=by, at=at)
    click.echo(f"{moved} of {len(waiting)} orders come from elsewhere now.")


@node.command()
@click.argument("code")
@BY
def up(code: str, *, by: str) -> None:
    """Route to CODE again."""
    wired()
    with db.transaction() as session:
        place = _found(session, code)
        outage.bring_up(session, place, actor=by, at=clock.now())
    click.echo(f"{place.name} is up.")


@node.command()
@click.option("--json", "as_json", is_flag=True, help="End with one JSON line.")
def show(*, as_json: bool) -> None:
    """List all places and their terms."""
    wired()
    with db.reading() as session:
        known = select(Node, NodeTerms).outerjoin(NodeTerms, col(NodeTerms.node_id) == col(Node.id))
        found = [(place, candidates.terms_of(place, kept)) for place, kept in session.exec(known.order_by(Node.code))]
    at = clock.now()
    for place, kept in found:
        does = [word for word, is_so in (("pickup", kept.does_pickup), ("ship", kept.does_ship)) if is_so]
        is_down = kept.down_until is not None and kept.down_until > at
        click.echo(f"{place.code}  {place.name}  {place.kind}  {', '.join(does) or 'nothing'}"
                   f"{f'  down: {kept.down_reason}' if is_down else ''}")  # fmt: skip
    if as_json:
        click.echo(json.dumps({"nodes": {place.code: _shown(kept) for place, kept in found}}))


def _shown(kept: NodeTerms) -> dict[str, Any]:
    said = kept.model_dump(mode="json", exclude={"node_id"})
    return {name: value for name, value in said.items() if value not in (None, "")}


def _found(session: Session, code: str) -> Node:
    found = places.by_code(session, {code}).get(code)
    if found is None:
        raise Unreadable(f"There is no node {code}.")
    return found
