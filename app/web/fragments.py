"""Answers: a page for a browser, a fragment for htmx, and one effect for a tap that was sent twice."""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Any

from flask import Response, make_response, render_template
from flask_wtf.csrf import generate_csrf
from htmx_flask import request
from markupsafe import Markup
from sqlmodel import Session

from app import db
from app.clock import now
from app.events import replies
from app.people.store import LOCK_AFTER_S, WARN_AFTER_S, Region, Store
from app.refusals import Refusal, Unreadable
from app.web.viewer import Viewer, viewer

LONGEST_KEY = 200
REFUSAL = Markup('<hx-partial hx-target="#refusal" hx-swap="innerMorph">{}</hx-partial>')


@dataclass(frozen=True)
class Undo:
    """The last act, in words, and where to take it back."""

    words: str
    action: str
    key: str


@dataclass(frozen=True, kw_only=True)
class Shell:
    """What surrounds every staff page."""

    who: str
    place: str
    zone: str
    at: datetime
    csrf: str
    sentence: str
    problems_open: int
    undo: Undo | None
    refusal: str
    lock_after: int
    warn_after: int
    is_live: bool
    is_region: bool
    is_demo: bool


def wants_fragment() -> bool:
    return bool(request.htmx)


def fragment(template: str, **inputs: Any) -> str:
    """The same file for page, reply and push."""
    return render_template(template, **inputs)


def page(
    template: str,
    *,
    sentence: str = "",
    problems_open: int = 0,
    undo: Undo | None = None,
    refusal: str = "",
    **inputs: Any,
) -> str:
    """A whole staff page, with what surrounds it."""
    shell = _shell(viewer(), sentence=sentence, problems_open=problems_open, undo=undo, refusal=refusal)
    return render_template(template, shell=shell, **{"at": shell.at, **inputs})


def plain_page(template: str, **inputs: Any) -> str:
    """A page with nothing around it: the customer's, the lock, an error."""
    return render_template(template, csrf=generate_csrf(), **{"at": now(), **inputs})


def _shell(who: Viewer, **said: Any) -> Shell:
    return Shell(
        who=who.associate.name,
        at=now(),
        csrf=generate_csrf(),
        is_live=True,
        is_region=who.region_id is not None,
        is_demo=is_demo(),
        **_place(who),
        **said,
    )


def is_demo() -> bool:
    from flask import current_app

    return bool(current_app.config["IS_DEMO"])


def _place(who: Viewer) -> dict[str, Any]:
    """Where this device stands, and how long it waits there before it locks."""
    with db.reading() as session:
        if who.store_id is not None:
            store = session.get_one(Store, who.store_id)
            idle = {"warn_after": store.warn_after_s, "lock_after": store.lock_after_s}
            return {"place": store.title, "zone": store.time_zone, **idle}
        place = session.get_one(Region, who.region_id).name
    return {"place": place, "zone": "UTC", "warn_after": WARN_AFTER_S, "lock_after": LOCK_AFTER_S}


def partial(target: str, inside: str, swap: str = "innerMorph") -> Markup:
    """A piece of a reply that goes somewhere else than the form's own target; `inside` is drawn already."""
    return Markup('<hx-partial hx-target="{}" hx-swap="{}">{}</hx-partial>').format(target, swap, Markup(inside))  # noqa: S704


def refused(refusal: Refusal, *pieces: str) -> Response:
    """No, in words; `pieces` are the truth as it stands, drawn already."""
    if wants_fragment():
        return make_response("".join([*pieces, REFUSAL.format(refusal.words)]), refusal.status)
    return make_response(plain_page("errors/refused.html", words=refusal.words), refusal.status)


Act = Callable[..., Any]


def tap(act: Act) -> Act:
    """A route that changes something: `act(session, …)` runs in one transaction, and once per Idempotency-Key.

    The second of two identical taps gets the first one's answer. A refusal changes nothing and is not kept.
    """

    @wraps(act)
    def once(**address: Any):
        with db.transaction() as session:
            key = request.headers.get("Idempotency-Key")
            return _once(session, key, lambda: act(session, **address)) if key else act(session, **address)

    return once


def _once(session: Session, key: str, act: Callable[[], Any]) -> Response:
    if len(key) > LONGEST_KEY or "\0" in key:
        raise Unreadable(f"An Idempotency-Key has at most {LONGEST_KEY} characters.")
    sender = f"associate/{viewer().id}/{viewer().place}"  # an answer belongs to the place it was given in
    kept = replies.begin(session, sender=sender, key=key, request_hash=_fingerprint(), at=now())
    if kept is not None:
        return again(kept)
    reply = make_response(act())
    keep(session, sender=sender, key=key, reply=reply)
    return reply


def keep(session: Session, *, sender: str, key: str, reply: Response) -> None:
    """Keep this answer, in the transaction whose answer it is; a redirect keeps where it leads."""
    body = reply.location or reply.get_data(as_text=True)
    replies.finish(
        session, sender=sender, key=key, status=reply.status_code, content_type=reply.content_type, body=body
    )


def again(kept: replies.StoredReply) -> Response:
    reply = Response(kept.body, kept.status, content_type=kept.content_type)
    if kept.status in {301, 302, 303, 307, 308}:
        reply = Response(status=kept.status, headers={"Location": kept.body})
    reply.headers["Idempotency-Replayed"] = "true"
    return reply


def _fingerprint() -> str:
    said: Iterable[tuple[str, str]] = sorted((k, v) for k, v in request.form.items(multi=True) if k != "csrf_token")
    return hashlib.sha256(repr((request.method, request.path, list(said))).encode()).hexdigest()
