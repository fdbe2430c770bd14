"""Channels, from the command line: opened, told from where they sell, and allotted more or less of single items."""

import json
from collections.abc import Callable
from typing import Any

import click
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from app import clock, db
from app.cli_words import BY, NODE_KINDS, PORTION, WORD
from app.oms import allotment
from app.oms import channel as channels
from app.oms import item as items
from app.oms import node as nodes
from app.oms.channel import Channel, ChannelItem
from app.oms.item import Item
from app.oms.node import NodeKind
from app.processes import wired
from app.refusals import Unreadable


def _which_nodes(command: Callable[..., None]) -> Callable[..., None]:
    kinds = click.option("--kind", "kinds", multiple=True, type=click.Choice(NODE_KINDS),
                         help="Nodes it sells from; may be given several times.")  # fmt: skip
    return kinds(
        click.option("--node", "listed", multiple=True, help="The code of one more node it sells from.")(command)
    )


@click.group()
def channel() -> None:
    """Say where we sell, from which nodes, and what is allotted of single items. Further terms are rules."""


@channel.command("open")
@click.argument("code", type=WORD)
@click.argument("name", type=WORD)
@_which_nodes
def open_one(code: str, name: str, *, kinds: tuple[str, ...], listed: tuple[str, ...]) -> None:
    """Open a channel: from now on every item has a number that it may sell; without --kind and --node, from all nodes.

    It asks for its numbers; with an address (`readyshelf receiver set channel:CODE URL`) it is told.
    """
    wired()
    said = _kinds(kinds) if kinds or listed else list(NodeKind)
    opened = Channel(code=code, name=name, node_kinds=[kind.value for kind in said])
    try:
        with db.transaction() as session:
            channels.open_channel(session, opened, node_ids=nodes.ids_of(session, listed))
    except IntegrityError as taken:
        raise Unreadable(f"There is a channel {code} already.") from taken
    click.echo(f"{name} sells as {code}.")


@channel.command("sell-from")
@click.argument("code")
@_which_nodes
@BY
def sell_from(code: str, *, kinds: tuple[str, ...], listed: tuple[str, ...], by: str) -> None:
    """Let CODE sell from these nodes and no others."""
    wired()
    with db.transaction() as session:
        found = channels.locked(session, code)
        node_ids = nodes.ids_of(session, listed)
        channels.sell_from(session, found, kinds=_kinds(kinds), node_ids=node_ids, actor=by, at=clock.now())
        session.flush()
        now_so = _described(session, found)
    click.echo(now_so)


@channel.command()
@click.argument("code")
@click.argument("sku")
@click.option("--buffer", type=PORTION, help="How much of it the channel leaves aside.")
@click.option("--cap", type=PORTION, help="How much of it the channel is given at most.")
@click.option("--unit", help="Refuse unless the item is counted by this.")
@BY
def allot(code: str, sku: str, *, buffer: str | None, cap: str | None, unit: str | None, by: str) -> None:
    """Give CODE numbers of its own for SKU, in the item's unit; what is not said is as for any other item."""
    wired()
    with db.transaction() as session:
        found, item = channels.locked(session, code), _item(session, sku)
        said = {"buffer": allotment.units(item, buffer, unit=unit), "cap": allotment.units(item, cap, unit=unit)}
        allotment.allot(session, found, item, **said, actor=by, at=clock.now())
        now_so = _shares(_amounts(item, **said), item.unit)
    click.echo(f"{code}: {sku} {now_so}.")


@channel.command("take-back")
@click.argument("code")
@click.argument("sku")
@BY
def take_back(code: str, sku: str, *, by: str) -> None:
    """Let CODE sell SKU on the terms of any other item again."""
    wired()
    with db.transaction() as session:
        found, item = channels.locked(session, code), _item(session, sku)
        allotment.take_back(session, found, item, actor=by, at=clock.now())
    click.echo(f"{code}: {sku} as any other item.")


@channel.command()
@click.option("--json", "as_json", is_flag=True, help="End with one JSON line.")
def show(*, as_json: bool) -> None:
    """List the channels, from where each sells, and what is allotted to it."""
    wired()
    said: dict[str, Any] = {}
    with db.reading() as session:
        for each in session.exec(select(Channel).order_by(col(Channel.code))):
            click.echo(_described(session, each))
            allotted = {item.sku: _allotted(own, item) for own, item in allotment.of_channel(session, each)}
            for sku, numbers in allotted.items():
                click.echo(f"  {sku}  {_shares(numbers, numbers['unit'])}")
            said[each.code] = {"name": each.name, **_pool(session, each), "allotted": allotted}
    if as_json:
        click.echo(json.dumps({"channels": said}))


def _kinds(words: tuple[str, ...]) -> list[NodeKind]:
    return [NodeKind[word.upper()] for word in words]


def _item(session: Session, sku: str) -> Item:
    found = items.by_sku(session, {sku}).get(sku)
    if found is None:
        raise Unreadable(f"There is no item {sku}.")
    return found


def _pool(session: Session, of: Channel) -> dict[str, list[str]]:
    kinds = [NodeKind(kind).name.lower() for kind in of.node_kinds]
    return {"kinds": kinds, "nodes": channels.listed_nodes(session, of)}


def _described(session: Session, of: Channel) -> str:
    pool = _pool(session, of)
    return f"{of.code}  {of.name}  sells from {', '.join([f'every {kind}' for kind in pool['kinds']] + pool['nodes'])}"


def _allotted(own: ChannelItem, item: Item) -> dict[str, str]:
    return {"unit": item.unit, **_amounts(item, buffer=own.buffer, cap=own.cap)}


def _amounts(item: Item, **said: int | None) -> dict[str, str]:
    return {name: item.amount_of(number) for name, number in said.items() if number is not None}


def _shares(amounts: dict[str, str], unit: str) -> str:
    return ", ".join(f"{name} {amounts[name]} {unit}" for name in ("buffer", "cap") if name in amounts)
