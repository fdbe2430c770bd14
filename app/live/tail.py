"""Follows the event log: whoever wrote, in whatever process, what they did is drawn once and handed to the screens.

A nudge only makes it quick. Correctness rests on comparing how far every stream has come, once a second.
"""

import logging
import sqlite3
from collections.abc import Callable
from contextlib import closing
from threading import Event, Lock, Thread

import psycopg
from psycopg import sql
from sqlmodel import Session

from app import db
from app.events import log

LOOK_EVERY = 1.0
POLL_EVERY = 0.1

Hand = Callable[[Session, str, list[log.Event]], None]
"""What is done with a stream's new events, while the look at the database that found them is open."""

logger = logging.getLogger(__name__)


class Tail:
    """How far each stream was read, and what wakes it up to read on."""

    def __init__(self, hand: Hand) -> None:
        self._hand = hand
        self._database = db.current()
        self._seen: dict[str, int] = {}
        self._nudged: set[str] = set()
        self._wants_all = False
        self._lock, self._wake, self._stopped = Lock(), Event(), Event()
        self._threads = [Thread(target=self._follow, name="tail", daemon=True)]
        other = self._poll_sqlite if self._database.is_sqlite else self._listen_to_postgresql
        self._threads.append(Thread(target=other, name="tail-wake", daemon=True))

    def start(self) -> None:
        """What is in the log already is on the screens already."""
        with db.reading() as session:
            self._seen = log.heads(session)
        db.on_commit(self.nudge)
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._wake.set()
        if self.nudge in self._database.listeners:
            self._database.listeners.remove(self.nudge)
        for thread in self._threads:
            thread.join(10)

    def nudge(self, streams: set[str] | None = None) -> None:
        """These streams grew; without a word, any may have."""
        with self._lock:
            self._nudged |= streams or set()
            self._wants_all = self._wants_all or streams is None
        self._wake.set()

    def _follow(self) -> None:
        while not self._stopped.is_set():
            was_woken = self._wake.wait(LOOK_EVERY)
            self._wake.clear()
            with self._lock:
                streams, wants_all = self._nudged, self._wants_all or not was_woken
                self._nudged, self._wants_all = set(), False
            try:
                self._read_on(streams, wants_all=wants_all)
            except Exception:
                logger.exception("Could not read on in the event log; trying again")
                self._stopped.wait(LOOK_EVERY)
                self.nudge()

    def _read_on(self, streams: set[str], *, wants_all: bool) -> None:
        with db.reading() as session:
            if wants_all:
                heads = log.heads(session)
                streams = streams | {stream for stream, seq in heads.items() if seq > self._seen.get(stream, 0)}
            for stream in sorted(streams):
                events = log.since(session, stream, self._seen.get(stream, 0))
                if events and not self._stopped.is_set():
                    self._seen[stream] = events[-1].seq
                    self._hand_over(session, stream, events)

    def _hand_over(self, session: Session, stream: str, events: list[log.Event]) -> None:
        """An event that cannot be drawn is left out, or it would stand in the way of all after it."""
        try:
            self._hand(session, stream, events)
        except Exception:
            logger.exception("Could not draw %s from %s on", stream, events[0].seq)
            session.rollback()

    def _listen_to_postgresql(self) -> None:
        url = self._database.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        while not self._stopped.is_set():
            try:
                self._listen(url)
            except psycopg.Error as lost:
                logger.warning("Lost the line on which commits are told, connecting again: %s", lost)
                self._stopped.wait(LOOK_EVERY)

    def _listen(self, url: str) -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(log.CHANNEL)))
            self.nudge()  # what was said while nobody listened is lost
            while not self._stopped.is_set():
                for told in connection.notifies(timeout=LOOK_EVERY / 2):
                    self.nudge({told.payload.rpartition(":")[0]})
                    if self._stopped.is_set():
                        return

    def _poll_sqlite(self) -> None:
        """SQLite tells a connection that another one, of whatever process, has written."""
        path = self._database.engine.url.database
        if not path or path == ":memory:":
            return
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            seen = None
            while not self._stopped.wait(POLL_EVERY):
                try:
                    (version,) = connection.execute("PRAGMA data_version").fetchone()
                except sqlite3.Error:
                    continue  # busy: asked again in a moment
                if version != seen:
                    seen = version
                    self.nudge()
