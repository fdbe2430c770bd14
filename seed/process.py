"""What a seed needs of its process: the database, open and up to date, and what follows from what."""

from app import db, migrations
from app.config import Settings
from app.events import log
from app.oms import premises
from app.people.premises import Stores
from app.reactions import REACTIONS


def bind(settings: Settings) -> None:
    """Safe to call where a server has done so already."""
    log.react_with(REACTIONS)
    premises.ask(Stores())
    try:
        db.current()
    except RuntimeError:
        migrations.upgrade(settings.database_url)
        db.connect(settings.database_url)
