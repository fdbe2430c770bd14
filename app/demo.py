"""The demo as `readyshelf run` starts it: shops on the first start, a day that goes on, and who can sign in."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app import clock, db
from app.config import Settings

DATABASE = "readyshelf.db"
PEOPLE, KEY, MAIL = "demo-people.json", "demo-api-key", "demo-mail"


class NotTheDemos(Exception):
    """Only the demo's own database, in its own folder, is ever deleted."""


def forget(settings: Settings) -> None:
    """Begin anew at the next start."""
    kept = settings.var.resolve() / DATABASE
    if not settings.is_demo or settings.database_url != f"sqlite:///{kept}":
        raise NotTheDemos("--fresh forgets the demo's own database only; this is another one.")
    for path in (kept, Path(f"{kept}-wal"), Path(f"{kept}-shm"), settings.var / PEOPLE, settings.var / KEY):
        path.unlink(missing_ok=True)
    for letter in (settings.var / MAIL).glob("*.eml"):
        letter.unlink()


def is_built() -> bool:
    from seed import demo

    with db.reading() as session:
        return not demo.is_empty(session)


def build(settings: Settings) -> None:
    """Shops, people, a key, and the morning they have had."""
    from seed import demo

    demo.build(settings, clock.now())


@contextmanager
def day(settings: Settings) -> Iterator[None]:
    """Customers who order, and colleagues who work, for as long as we serve."""
    from seed import day as days

    running = days.start(settings)
    try:
        yield
    finally:
        running.stop()


def introduction(settings: Settings, address: str) -> Iterator[str]:
    """Who can sign in, and the key for the API: all a visitor needs."""
    people, key = settings.var / PEOPLE, settings.var / KEY
    if not settings.is_demo or not people.exists():
        return
    yield f"  Choose a tablet: {address}/demo"
    for person in json.loads(people.read_text()):
        place = person.get("store") or f"desk {person.get('region', '')}"
        yield f"  {place:<20} {person['name']:<22} {person['job']:<18} PIN {person['pin']}"
    if key.exists():
        yield f"  API key: {key.read_text().strip()}"
