"""For whoever runs it: alive, able to serve, and in figures."""

from time import perf_counter

import sqlalchemy as sa
import structlog
from flask import Blueprint, Flask, Response, current_app, g, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from sqlalchemy.exc import SQLAlchemyError

from app import db, migrations
from app.config import Settings
from app.events import backlog
from app.notices.notice import TOPIC
from app.pickup import escalation
from app.web.shop_figures import ShopFigures, late

operations = Blueprint("operations", __name__)

FIGURES = CollectorRegistry()
REQUESTS = Counter("readyshelf_requests", "Requests answered", ["endpoint", "method", "status"], registry=FIGURES)
DURATION = Histogram("readyshelf_request_seconds", "Time to an answer", ["endpoint"], registry=FIGURES)
SOCKETS = Gauge("readyshelf_sockets", "Screens that listen to this process", registry=FIGURES)
FIGURES.register(ShopFigures())


@operations.get("/healthz")
def alive():
    return {"status": "alive"}


@operations.get("/readyz")
def ready():
    lacking = missing(current_app.config["SETTINGS"])
    if lacking:
        return {"status": "not ready", "missing": lacking}, 503, {"Retry-After": "2"}
    with db.reading() as session:
        lateness = {
            "escalation_late_s": late(escalation.oldest_due(session)),
            "outbox_late_s": late(backlog.oldest_due(session, TOPIC)),
        }
    return {"status": "ready", **lateness}


@operations.get("/metrics")
def figures():
    return Response(written(), content_type=CONTENT_TYPE_LATEST)


def written() -> bytes:
    """All figures of this process, and the shop's, as Prometheus reads them."""
    return generate_latest(FIGURES)


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


def missing(settings: Settings) -> str | None:
    """What stands in the way of serving."""
    try:
        with db.reading() as session:
            session.execute(sa.select(1))
        is_current = migrations.is_current(settings.database_url)
    except SQLAlchemyError:
        return "the database can't be reached"
    return None if is_current else "the database is not at this version's schema: run readyshelf migrate"
