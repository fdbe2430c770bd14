"""Who is looking, on which device: every row a page shows or changes is fetched through here, or is not there."""

from dataclasses import dataclass

from flask import current_app, request
from flask_login import LoginManager, current_user
from sqlmodel import Session

from app import db
from app.clock import now
from app.config import Settings
from app.people import device as devices
from app.people import sign_in as sign_ins
from app.people.associate import Associate, Reach, reach_of
from app.people.device import Device
from app.people.sign_in import SignIn
from app.people.store import Store
from app.pickup import task as tasks
from app.pickup.task import PickupTask
from app.refusals import NotFound, Refusal

DEVICE_COOKIE = "device"


class NotYours(Refusal):
    """Known and visible, but for somebody else to do."""

    status = 403


@dataclass(frozen=True)
class Viewer:
    """One person on one enrolled device, resolved once per request."""

    token: str
    sign_in: SignIn
    associate: Associate
    device: Device
    reach: Reach

    is_authenticated = True
    is_active = True
    is_anonymous = False

    def get_id(self) -> str:
        """What Flask-Login keeps in the signed cookie; the database knows only its hash."""
        return self.token

    @property
    def id(self) -> int:
        return self.associate.id

    @property
    def store_id(self) -> int | None:
        return self.device.store_id

    @property
    def region_id(self) -> int | None:
        return self.device.region_id

    @property
    def place(self) -> str:
        return f"store/{self.store_id}" if self.store_id is not None else f"region/{self.region_id}"

    def store(self, session: Session) -> Store:
        """The store this tablet stands in, as long as its person works there."""
        store = session.get(Store, self.store_id) if self.store_id is not None else None
        if store is None or not self.reach.works_in(store):
            raise NotFound
        return store

    def task(self, session: Session, task_id: int) -> PickupTask:
        """A task of this store, locked for an act."""
        self.look_at_task(session, task_id)
        return tasks.locked(session, task_id)

    def look_at_task(self, session: Session, task_id: int) -> PickupTask:
        """A task of this store, to read."""
        task = session.get(PickupTask, task_id)
        if task is None or task.store_id != self.store(session).id:
            raise NotFound("There is no such order in this store.")
        return task

    def must_lead(self, store: Store) -> None:
        if not self.reach.leads(store):
            raise NotYours("Only the store's lead can do this.")


def viewer() -> Viewer:
    """Whoever is signed in; only asked where somebody must be."""
    if not current_user.is_authenticated:
        raise NotYours("Sign in first.")
    found: Viewer = current_user._get_current_object()  # noqa: SLF001 - the row itself, not Flask-Login's proxy
    return found


def cookie_name(name: str, settings: Settings) -> str:
    """Over https the browser itself sees to it that nobody else can have set this cookie."""
    return f"__Host-{name}" if settings.is_https else name


def known_device(session: Session) -> Device | None:
    """The enrolled device behind this request's cookie."""
    secret = request.cookies.get(cookie_name(DEVICE_COOKIE, current_app.config["SETTINGS"]))
    return devices.known(session, secret) if secret else None


def load(token: str) -> Viewer | None:
    """The open session behind a token, on the very device it was opened on."""
    with db.reading() as session:
        sign_in = sign_ins.current(session, token, at=now())
        device = known_device(session)
        if sign_in is None or device is None or sign_in.device_id != device.id:
            return None
        associate = session.get_one(Associate, sign_in.associate_id)
        return Viewer(token, sign_in, associate, device, reach_of(session, associate.id))


def login_manager() -> LoginManager:
    manager = LoginManager()
    manager.user_loader(load)
    return manager
