"""Who hears what is asked anew: taking a role away, moving somebody or a tablet takes effect on open sockets too."""

from collections.abc import Callable

import pytest
from sqlmodel import Session, select
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

from app import db
from app.clock import now
from app.live.hub import SIGNED_OUT, Hub
from app.live.tail import Tail
from app.people.associate import Associate, RoleGrant
from app.people.device import Device
from app.people.store import Region, Store
from tests.live import shop as shops
from tests.live.shop import Shop, dial

SECONDS = 10
ANA = 1
"""Of store 1: person, device and sign-in have the same number."""


def loses_the_role(session: Session) -> None:
    session.delete(_grant(session, ANA))


def moves_to_the_other_store(session: Session) -> None:
    _grant(session, ANA).store_id = 2


def leaves(session: Session) -> None:
    session.get_one(Associate, ANA).left_at = now()


def has_the_tablet_revoked(session: Session) -> None:
    session.get_one(Device, ANA).revoke(at=now())


def has_the_tablet_carried_to_the_other_store(session: Session) -> None:
    session.get_one(Device, ANA).store_id = 2


def _grant(session: Session, associate_id: int) -> RoleGrant:
    return session.exec(select(RoleGrant).where(RoleGrant.associate_id == associate_id)).one()


CHANGES = [
    loses_the_role,
    moves_to_the_other_store,
    leaves,
    has_the_tablet_revoked,
    has_the_tablet_carried_to_the_other_store,
]


@pytest.mark.parametrize("change", CHANGES)
def test_a_socket_is_closed_when_its_person(tail: Tail, hub: Hub, shop: Shop, change: Callable[[Session], None]):
    with dial(hub, shop.first) as screen, dial(hub, shop.second) as other:
        with db.transaction() as session:
            change(session)

        hub.recheck()
        for store_id in (1, 2):
            shops.escalate(store_id)

        assert closed_with(screen) == SIGNED_OUT
        assert other.recv(SECONDS) == "TaskEscalated store/2"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_who_has_a_role_in_both_stores_hears_the_one_the_tablet_stands_in(tail: Tail, hub: Hub, shop: Shop):
    with dial(hub, shop.first) as screen:
        with db.transaction() as session:
            grant = _grant(session, ANA)
            grant.store_id, grant.region_id = None, 1
            session.get_one(Device, ANA).store_id = 2

        hub.recheck()
        for store_id in (1, 2):
            shops.escalate(store_id)

        assert screen.recv(SECONDS) == "TaskEscalated store/2"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_desk_no_longer_hears_a_store_that_left_its_region(tail: Tail, hub: Hub, shop: Shop):
    with dial(hub, shop.region) as desk:
        with db.transaction() as session:
            session.add(Region(id=2, code="R2", name="South"))
            session.flush()
            session.get_one(Store, 1).region_id = 2

        hub.recheck()
        for store_id in (1, 2):
            shops.escalate(store_id)

        assert desk.recv(SECONDS) == "TaskEscalated store/2"


def closed_with(screen: ClientConnection) -> int | None:
    with pytest.raises(ConnectionClosed) as closed:
        screen.recv(SECONDS)
    return closed.value.rcvd.code if closed.value.rcvd else None
