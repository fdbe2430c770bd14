"""Admission's short way: requests that can all be granted are, at the least cost; if one can't, none of them is.

Nearly all who ask are granted. Somebody who asks for one thing asks the database once, and many who come together for
a hot item hold its lock together. Whatever is not that plain, `admission.admit` decides one after the other: a refusal,
a key that has its answer, a basket's hold to be taken over.
"""

import sqlite3
from collections.abc import Sequence

from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError, OperationalError

from app import db
from app.oms import admission, granting_postgresql, granting_sqlite
from app.oms.admission import Request
from app.oms.verdict import Verdict


class Line:
    """The way to the database of one who asks often; on PostgreSQL it stays open between two statements."""

    def __init__(self) -> None:
        self._connection: Connection | None = None
        self._database: db.Database | None = None

    def grant_all(self, requests: Sequence[Request]) -> list[Verdict]:
        """All of them, and on disk; none when one of them takes the long way."""
        for request in requests:
            admission.check(request)
        keys = {request.key for request in requests}
        if len(keys) < len(requests) or any(request.takes_over for request in requests):
            return []
        are_written = _on_sqlite(requests) if db.is_sqlite() else self._on_postgresql(requests)
        return [Verdict(request.key, True, request.at) for request in requests] if are_written else []

    def _on_postgresql(self, requests: Sequence[Request]) -> bool:
        try:
            return granting_postgresql.write(self._open(), requests)
        except IntegrityError:
            return False
        except OperationalError as trouble:
            self.close()
            if not trouble.connection_invalidated:
                raise
            return False  # this line is dead, the database perhaps is not: if it was written, the keys know

    def _open(self) -> Connection:
        if self._connection is None or self._database is not db.current():
            self.close()
            self._database = db.current()
            self._connection = self._database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        return self._connection

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _on_sqlite(requests: Sequence[Request]) -> bool:
    try:
        with db.current().write_lock, db.current().writing.connect() as connection, connection.begin() as transaction:
            are_written = granting_sqlite.write(connection, requests)
            if not are_written:
                transaction.rollback()
            return are_written
    except sqlite3.Error:  # a key that has its answer; of a full disk the long way tells in its own words
        return False
