"""Two stores, people with sign-ins, and a task's event in the log: what a socket needs to be true."""

from dataclasses import dataclass
from datetime import timedelta

from itsdangerous import BadSignature, URLSafeTimedSerializer
from sqlmodel import Session
from websockets.sync.client import ClientConnection, connect

from app import db
from app.clock import now
from app.events import log
from app.live.hub import Hub
from app.oms.node import Node, NodeKind
from app.people.associate import Associate, Role, RoleGrant
from app.people.device import Device
from app.people.sign_in import SignIn
from app.people.store import Region, Store
from app.people.tokens import hash_token
from app.pickup.clock_events import TaskEscalated
from app.pickup.task_status import TaskStatus

SIGNER = URLSafeTimedSerializer("a key that only the tests know, of some length")


@dataclass(frozen=True)
class Shop:
    """Tokens of the people signed in: in store 1, in store 2, and at the region's desk."""

    first: str = "token-of-ana"
    second: str = "token-of-ben"
    region: str = "token-of-cleo"


def cookie(token: str) -> str:
    return f"session={SIGNER.dumps({'_user_id': token})}"


def load_cookie(header: str) -> dict[str, object]:
    try:
        return dict(SIGNER.loads(header.partition("session=")[2]))
    except BadSignature:
        return {}


def dial(hub: Hub, token: str | None = None, *, origin: str | None = None, path: str = "/live") -> ClientConnection:
    headers = {"Cookie": cookie(token)} if token else {}
    if origin:
        headers["Origin"] = origin
    return connect(f"ws://127.0.0.1:{hub.port}{path}", additional_headers=headers, proxy=None, compression=None)


def open_two_stores() -> Shop:
    shop = Shop()
    with db.transaction() as session:
        session.add(Region(id=1, code="R1", name="North"))
        session.flush()
        for number in (1, 2):
            session.add(Node(id=number, kind=NodeKind.STORE, code=f"S{number}", name=f"Store {number}"))
            session.flush()
            session.add(Store(id=number, region_id=1, code=f"S{number}", name=f"Store {number}", time_zone="UTC"))
        session.flush()
        sign_in(session, 1, shop.first, store_id=1)
        sign_in(session, 2, shop.second, store_id=2)
        sign_in(session, 3, shop.region, region_id=1)
    return shop


def sign_in(
    session: Session, key: int, token: str, *, store_id: int | None = None, region_id: int | None = None
) -> None:
    role = Role.ASSOCIATE if store_id else Role.REGIONAL_MANAGER
    session.add(Associate(id=key, name=f"Person {key}", pin_hash="-"))
    session.add(Device(id=key, name=f"Tablet {key}", store_id=store_id, region_id=region_id))
    session.flush()
    session.add(RoleGrant(associate_id=key, role=role, store_id=store_id, region_id=region_id))
    hours = timedelta(hours=1)
    session.add(SignIn(id=key, token_hash=hash_token(token), device_id=key, associate_id=key, started_at=now(),
                       ends_at=now() + hours))  # fmt: skip


def escalate(store_id: int) -> None:
    """Commit one event of this store's stream."""
    with db.transaction() as session:
        log.record(session, TaskEscalated(
            at=now(), actor="clock", store_id=store_id, order_id=1, task_id=1, was=TaskStatus.REQUESTED,
            status=TaskStatus.REQUESTED, level=1, due_at=now().isoformat(), lateness_ms=0, window="ack", cycle=1,
            step=1, kind="climb",
        ))  # fmt: skip
