"""The process's own log: one JSON object a line, ours and the libraries' alike, and nothing about a customer in it."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog
from structlog.tracebacks import ExceptionDictTransformer

OURS = ("app", "jobs", "seed")
TOO_TALKATIVE = "waitress.queue"
"""It would write a line for every request that waits a moment, just when there are many."""
FRAMES = 20

_frames = ExceptionDictTransformer(show_locals=False, max_frames=FRAMES)


def write_as_json(level: str) -> None:
    """Ours from `level` on; of the libraries only what is wrong."""
    log_level = logging.getLevelNamesMapping()[level]
    shared: list[Any] = [structlog.processors.add_log_level, structlog.processors.TimeStamper(fmt="iso", utc=True)]
    render: list[Any] = [_where_not_what, structlog.processors.JSONRenderer(default=repr)]
    structlog.configure(
        processors=[*shared, *render],
        wrapper_class=structlog.make_filtering_bound_logger(log_level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    of_libraries = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *render]
    )
    _hand_over(of_libraries)
    for name in OURS:
        logging.getLogger(name).setLevel(log_level)
    logging.getLogger(TOO_TALKATIVE).setLevel(logging.ERROR)


def _hand_over(formatter: logging.Formatter) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    for old in [each for each in root.handlers if isinstance(each.formatter, structlog.stdlib.ProcessorFormatter)]:
        root.removeHandler(old)
    root.addHandler(handler)


def _where_not_what(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """An error's own words and variables may quote a customer; its kind and its place in our code don't."""
    raised = event.pop("exc_info", None)
    if raised is True:
        raised = sys.exc_info()
    if isinstance(raised, BaseException):
        raised = (type(raised), raised, raised.__traceback__)
    if isinstance(raised, tuple) and raised[0] is not None:
        event["exception"] = [
            {
                "kind": each["exc_type"],
                "frames": [f"{frame['filename']}:{frame['lineno']} {frame['name']}" for frame in each["frames"]],
            }
            for each in _frames(raised)
        ]
    return event
