"""The desk at which a process asks for promises: one thread takes all who wait, and answers them after one commit.

Thirty callers of one hot item would each wait for its lock and for a commit of their own; together they wait for one.
A caller who is alone waits for nobody, not even for that thread: he is decided in his own.
"""

import os
from collections.abc import Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Lock, Thread

from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app import db
from app.oms import admission
from app.oms.admission import Request
from app.oms.granting import Line
from app.oms.verdict import Verdict

LARGEST = 512
"""So many requests are decided at once at most, so that the last of them does not wait long."""

LINGER_S = 0.001
"""So long the desk waits for the next of those who came together before: their thanks and their next wish take them
a moment, and who comes too late for this commit waits for all of the next."""

GRACE_S = 4.0
"""So long a stop waits for the last answers; for a database that keeps silent it does not wait any longer."""

Answers = SimpleQueue[Verdict | Exception]
Waiting = tuple[Request, Answers]
"""Who waits, and where for his answer: the lightest thing of the standard library that one thread can wait at."""


class DeskClosed(Exception):
    """Whoever comes after the end is told so, not left standing."""


class Desk:
    """Open until it is closed; whoever still waits then is answered first."""

    def __init__(self) -> None:
        self._queue: SimpleQueue[Waiting | None] = SimpleQueue()
        self._door, self._is_open = Lock(), True
        self._usual, self._line, self._at_work = 1, Line(), Lock()
        self._thread = Thread(target=self._work, name="admission", daemon=True)
        self._thread.start()

    def ask(self, request: Request) -> Verdict:
        """The answer, once it is on disk. An order or a lease of the caller's own is no part of it."""
        answers: Answers = SimpleQueue()
        with self._door:
            if not self._is_open:
                raise DeskClosed
            is_alone = self._usual == 1 and self._at_work.acquire(blocking=False)
            if not is_alone:
                self._queue.put((request, answers))
        if not is_alone:
            return _raised_or_given(answers.get())
        try:
            return self._decide([request])[0]
        finally:
            self._at_work.release()

    def close(self) -> None:
        with self._door:
            self._is_open = False
            self._queue.put(None)
        self._thread.join(GRACE_S)

    def _work(self) -> None:
        while (first := self._queue.get()) is not None:
            with self._at_work:
                self._serve(self._come_together(first))
        with self._at_work:
            self._line.close()

    def _come_together(self, first: Waiting) -> list[Waiting]:
        waiting = [first]
        with suppress(Empty):
            while len(waiting) < LARGEST:
                is_awaited = len(waiting) < self._usual
                following = self._queue.get(timeout=LINGER_S) if is_awaited else self._queue.get_nowait()
                if following is None:
                    self._queue.put(None)
                    break
                waiting.append(following)
        self._usual = len(waiting)
        return waiting

    def _serve(self, waiting: Sequence[Waiting]) -> None:
        try:
            given: Sequence[Verdict | Exception] = self._decide([request for request, _ in waiting])
        except (OperationalError, PoolTimeout) as away:  # to ask each alone would take as many timeouts
            given = [away] * len(waiting)
        except Exception as trouble:  # noqa: BLE001 - it is the caller's, in the caller's thread
            given = [trouble]
        if len(given) < len(waiting):
            for alone in waiting:  # one bad request must not take the others with it
                self._serve([alone])
            return
        for (_, answers), answer in zip(waiting, given, strict=True):
            answers.put(answer)

    def _decide(self, requests: Sequence[Request]) -> list[Verdict]:
        if granted := self._line.grant_all(requests):
            return granted
        with db.transaction() as session:
            return admission.admit(session, requests)


def _raised_or_given(answer: Verdict | Exception) -> Verdict:
    if isinstance(answer, Exception):
        raise answer
    return answer


_opened: list[Desk] = []
_opening = Lock()


def ask(request: Request) -> Verdict:
    """At this process's own desk, which opens with the first who asks."""
    with _opening:
        if not _opened:
            _opened.append(Desk())
        desk = _opened[0]
    return desk.ask(request)


def close() -> None:
    """The process ends."""
    with _opening:
        while _opened:
            _opened.pop().close()


def _begin_anew() -> None:
    """A forked process has the desk's memory, but not its thread."""
    _opened.clear()
    _opening.release()


os.register_at_fork(before=_opening.acquire, after_in_parent=_opening.release, after_in_child=_begin_anew)
