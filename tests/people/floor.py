"""Two stores of a region, a tablet in the first, and Maya, who works there."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from app.oms.node import Node, NodeKind
from app.people import device as devices
from app.people.associate import Associate, Role, RoleGrant, pin_hash
from app.people.device import Device
from app.people.sign_in import WrongPinEntry
from app.people.store import Region, Store

PIN, WRONG = "271828", "000001"


@dataclass
class Floor:
    """Two stores of a region, a tablet in the first, and Maya, who works there."""

    session: Session
    store: Store
    other: Store
    tablet: Device
    maya: Associate

    def enrolled(self, *, at: datetime, store_id: int | None = None, region_id: int | None = None) -> Device:
        token = devices.invite(self.session, name="Tablet", at=at, store_id=store_id, region_id=region_id)
        device = devices.invited(self.session, token)
        assert device is not None
        device.enrol(at=at)
        self.session.flush()
        return device

    def hire(self, name: str, role: Role, *, store_id: int | None = None, region_id: int | None = None) -> Associate:
        person = Associate(name=name, pin_hash=pin_hash(PIN))
        self.session.add(person)
        self.session.flush()
        self.session.add(RoleGrant(associate_id=person.id, role=role, store_id=store_id, region_id=region_id))
        self.session.flush()
        return person

    def wrong(self, *, device_id: int, associate_id: int | None, times: int, at: datetime) -> None:
        """So many wrong PINs at once: hashing each would only take time."""
        place = f"store/{self.store.id}"
        self.session.add_all(
            WrongPinEntry(device_id=device_id, associate_id=associate_id, place=place, at=at) for _ in range(times)
        )
        self.session.flush()


def two_stores(session: Session, nine: datetime) -> Floor:
    region = Region(code="N", name="North")
    nodes = [Node(kind=NodeKind.STORE, code=code, name=code) for code in ("014", "015")]
    session.add_all([region, *nodes])
    session.flush()
    stores = [
        Store(id=node.id, region_id=region.id, code=node.code, name=node.name, time_zone="Europe/London")
        for node in nodes
    ]
    session.add_all(stores)
    session.flush()
    floor = Floor(session, stores[0], stores[1], Device(name=""), Associate(name="", pin_hash=""))
    floor.tablet = floor.enrolled(at=nine, store_id=stores[0].id)
    floor.maya = floor.hire("Maya Rossi", Role.ASSOCIATE, store_id=stores[0].id)
    return floor
