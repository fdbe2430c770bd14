"""The door for outside systems: what they tell is kept once, taken in, and answered message by message."""

from collections.abc import Sequence

from flask import Blueprint, g, request

from app import db
from app.clock import now
from app.events import inbox, quarantine
from app.events.delivery import Arrival
from app.events.inbox import InboxState, Message
from app.oms import stock_intake
from app.people import api_client
from app.people.api_client import Scope
from app.web import cloud_events
from app.web.cloud_events import BATCH, MOST_AT_ONCE, PLAIN, STRUCTURED, ResultOut, ResultsOut, Unfit
from app.web.errors import problem
from app.web.strict_json import NotJson, read_json

intake = Blueprint("intake", __name__)

LARGEST_DELIVERY = 1024 * 1024


@intake.url_value_preprocessor
def _take_whole_batches(*_: object) -> None:
    """Before anybody looks at the body: a thousand events are larger than any order."""
    request.max_content_length = LARGEST_DELIVERY


@intake.before_request
def _must_hold_a_key() -> None:
    with db.reading() as session:
        g.client = api_client.by_header(session, request.headers.get("Authorization", ""), scope=Scope.STOCK)


@intake.post("/in/events")
def take():
    """All of it is on disk when this answers; a message that was heard before gets its first answer."""
    charset = request.mimetype_params.get("charset", "utf-8").lower()
    if request.mimetype not in {STRUCTURED, BATCH, PLAIN} or charset not in {"utf-8", "utf8"}:
        return problem(415, f"Send {STRUCTURED} or {BATCH}, in UTF-8.", slug="unsupported-media-type")
    try:
        said = _events(read_json(request.get_data()))
    except (NotJson, Unfit) as broken:
        _set_aside([(request.get_data().decode("utf-8", "replace"), str(broken))])
        return problem(400, str(broken), slug="not-an-event")
    if len(said) > MOST_AT_ONCE:
        return problem(413, f"Send at most {MOST_AT_ONCE} events at once.", slug="request-entity-too-large")
    return ResultsOut(results=_taken(said)).model_dump(mode="json"), 202


def _events(body: object) -> list[object]:
    if request.mimetype == STRUCTURED:
        return [body]
    if request.mimetype == BATCH:
        if not isinstance(body, list):
            raise Unfit("A batch is a JSON array of events.")
        return body
    return [cloud_events.of_headers(request.headers.items(), request.mimetype, body)]


def _taken(said: Sequence[object]) -> list[ResultOut]:
    """One result for each; those that are no events are set aside, and the others go on."""
    read = [_read(each) for each in said]
    _set_aside(
        [(inbox.written({"event": raw}), why) for raw, why in zip(said, read, strict=True) if isinstance(why, str)]
    )
    messages = [each for each in read if isinstance(each, Message)]
    arrivals = iter(stock_intake.receive(messages, at=now(), owner=g.client.name) if messages else ())
    return [_odd(raw, each) if isinstance(each, str) else _answer(next(arrivals))
            for raw, each in zip(said, read, strict=True)]  # fmt: skip


def _read(said: object) -> Message | str:
    try:
        return cloud_events.read(said)
    except Unfit as why:
        return str(why)


def _odd(said: object, words: str) -> ResultOut:
    message_id = said.get("id") if isinstance(said, dict) else None
    return ResultOut(id=message_id if isinstance(message_id, str) else None, state=InboxState.QUARANTINED, words=words)


def _answer(arrival: Arrival) -> ResultOut:
    root = arrival.root
    return ResultOut(id=arrival.message.message_id, state=arrival.state, words=root.words or arrival.words,
                     first=root.state if arrival.first is not None else None)  # fmt: skip


def _set_aside(odd: Sequence[tuple[str, str]]) -> None:
    if odd:
        with db.transaction() as session:
            quarantine.set_aside(session, odd, sender=g.client.name, at=now())
