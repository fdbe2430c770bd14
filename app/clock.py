"""The only place the wall clock is read; everything below an edge is handed its instant."""

from collections.abc import Callable
from datetime import UTC, datetime


def _wall() -> datetime:
    return datetime.now(UTC)


_source: list[Callable[[], datetime]] = [_wall]


def now() -> datetime:
    return _source[-1]()


def hold(source: Callable[[], datetime]) -> None:
    """Let a story hold the clock in its hand: from now on `now()` is what `source` says."""
    _source.append(source)


def release() -> None:
    del _source[1:]
