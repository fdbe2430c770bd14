"""For whoever runs it: alive, able to serve, and in figures."""

from datetime import datetime
from time import perf_counter

import sqlalchemy as sa
import structlog
from flask import Blueprint, Flask, Response, current_app, g, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from app import db, migrations
from app.clock import now
from app.events import outbox
from app.oms.order import Order
from app.pickup import escalation

operations = Blueprint("operations", __name__)

FIGURES = CollectorRegistry()
REQUESTS = Counter("readyshelf_requests", "Requests answered", ["endpoint", "method", "status"], registry=FIGURES)
DURATION = Histogram("readyshelf_request_seconds", "Time to an answer", ["endpoint"], registry=FIGURES)
ESCALATION_LATE = Gauge("readyshelf_escalation_late_seconds", "How overdue the most overdue timer is", registry=FIGURES)
OUTBOX_LATE = Gauge("readyshelf_outbox_late_seconds", "How overdue the oldest message is", registry=FIGURES)
ORDERS = Gauge("readyshelf_orders", "Orders taken so far", registry=FIGURES)


@operations.get("/healthz")
def alive():
    return {"status": "alive"}


@operations.get("/readyz")
def ready():
    missing = _missing()
    if missing:
        return {"status": "not ready", "missing": missing}, 503, {"Retry-After": "2"}
    with db.reading() as session:
        late = {
            "escalation_late_s": _late(escalation.oldest_due(session)),
            "outbox_late_s": _late(outbox.oldest_due(session)),
        }
    return {"status": "ready", **late}


@operations.get("/metrics")
def figures():
    with db.reading() as session:
        _gauge(session)
    return Response(generate_latest(FIGURES), content_type=CONTENT_TYPE_LATEST)


def measure(app: Flask) -> None:
    """Every request is counted and written down by the name of its route: an address may hold somebody's token."""

    def begin() -> None:
        g.began = perf_counter()

    def end(reply: Response) -> Response:
        took, endpoint = perf_counter() - g.get("began", perf_counter()), request.endpoint or "none"
        REQUESTS.labels(endpoint, _method(), reply.status_code).inc()
        DURATION.labels(endpoint).observe(took)
        if endpoint != "static" and request.blueprint != "operations":
            log = structlog.get_logger()
            log.info("request", endpoint=endpoint, method=_method(), status=reply.status_code, ms=round(took * 1000))
        return reply

    app.before_request(begin)
    app.after_request(end)


def _method() -> str:
    """A stranger may invent methods without end; a figure must not have an end for each."""
    return request.method if request.method in {"GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE", "PATCH"} else "OTHER"


def _missing() -> str | None:
    try:
        with db.reading() as session:
            session.execute(sa.select(1))
        is_current = migrations.is_current(current_app.config["SETTINGS"].database_url)
    except SQLAlchemyError:
        return "the database can't be reached"
    return None if is_current else "the database is not at the newest schema: run readyshelf migrate"


def _gauge(session: Session) -> None:
    ESCALATION_LATE.set(_late(escalation.oldest_due(session)))
    OUTBOX_LATE.set(_late(outbox.oldest_due(session)))
    ORDERS.set(session.execute(sa.select(sa.func.count()).select_from(Order)).scalar_one())


def _late(due_at: datetime | None) -> int:
    return max(0, int((now() - due_at).total_seconds())) if due_at is not None else 0
