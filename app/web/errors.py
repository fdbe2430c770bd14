"""When the answer is no, or we broke: a sentence for a person, a problem document for a machine, never a traceback."""

from typing import Any

import structlog
from flask import Flask, Response, jsonify, make_response, request
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException

from app.refusals import Refusal
from app.web.fragments import REFUSAL, plain_page, refused, wants_fragment

RETRY_AFTER_S = "2"
SENTENCES = {
    404: ("There is no such page", "The link may be old, or the order isn't in this store."),
    413: ("That is too much at once", "What was sent is larger than we take."),
    500: ("That didn't work", "Nothing was changed. It is our fault, and it has been noted."),
    503: ("We can't save anything right now", "Nothing was changed. Try again in a moment."),
}
SPOKEN_TO_BY_MACHINES = frozenset({"/openapi.json", "/healthz", "/readyz", "/metrics"})
OTHERWISE = ("That didn't work", "Nothing was changed. Go back and try again.")


def install(app: Flask) -> None:
    app.register_error_handler(Refusal, _refusal)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(OperationalError, _unavailable)
    app.register_error_handler(PoolTimeout, _unavailable)
    app.register_error_handler(Exception, _broken)


def problem(status: int, title: str, *, slug: str, **more: Any) -> Response:
    """RFC 9457: the type is stable and may be relied upon, the words are for whoever reads the log."""
    document = jsonify({"type": f"/problems/{slug}", "title": title, "status": status, **more})
    document.status_code, document.mimetype = status, "application/problem+json"
    if status == 401:
        document.headers["WWW-Authenticate"] = "Bearer"
    return document


def _refusal(refusal: Refusal) -> Response:
    if _is_machine():
        return problem(refusal.status, refusal.words, slug=_slug(type(refusal).__name__))
    return refused(refusal)


def _http(error: HTTPException) -> Response:
    if error.code is None or error.code < 400:
        return make_response(error.get_response())
    reply = _answer(error.code, _slug(error.name.title().replace(" ", "")))
    for name, value in error.get_headers(request.environ):
        if name in {"Allow", "Retry-After"}:
            reply.headers[name] = value
    return reply


def _unavailable(error: Exception) -> Response:
    structlog.get_logger().warning("database unavailable", error=type(error).__name__)
    reply = _answer(503, "unavailable")
    reply.headers["Retry-After"] = RETRY_AFTER_S
    return reply


def _broken(error: Exception) -> Response:
    structlog.get_logger().error("unhandled", endpoint=request.endpoint, exc_info=error)
    return _answer(500, "broken")


def _answer(status: int, slug: str) -> Response:
    title, words = SENTENCES.get(status, OTHERWISE)
    if _is_machine():
        return problem(status, title, slug=slug, detail=words)
    if wants_fragment():
        return make_response(REFUSAL.format(f"{title}. {words}"), status)
    return make_response(plain_page("errors/page.html", title=title, words=words), status)


def _is_machine() -> bool:
    return request.path.startswith(("/api/", "/in/")) or request.path in SPOKEN_TO_BY_MACHINES


def _slug(name: str) -> str:
    return "".join(f"-{c.lower()}" if c.isupper() else c for c in name).lstrip("-")
