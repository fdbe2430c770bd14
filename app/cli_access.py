"""The commands that let a tablet or another system in, and lock it out."""

import click
from sqlmodel import Session, select

from app import clock, db
from app.processes import wired


@click.command()
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


@click.command("api-key")
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
