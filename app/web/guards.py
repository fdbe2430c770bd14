"""What stands in front of every request and is said on every answer: size, origin, policy, cookies, caching."""

from urllib.parse import urlsplit

from flask import Flask, Response, request
from flask_talisman import Talisman
from flask_wtf.csrf import CSRFProtect, ValidationError, validate_csrf
from werkzeug.exceptions import RequestEntityTooLarge

from app import drawing
from app.clock import now
from app.config import Settings
from app.refusals import Refusal

LARGEST_BODY = 256 * 1024
A_YEAR = 365 * 24 * 3600
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
PERMISSIONS = {"camera": "(self)", "geolocation": "()", "microphone": "()", "payment": "()", "usb": "()"}


class ForeignPost(Refusal):
    """A post that another site may have sent in this person's name."""

    status = 403


def install(app: Flask, settings: Settings) -> None:
    """Headers are set in the reverse order of this list, so ours have the last word."""
    CSRFProtect(app)
    app.before_request(_refuse_cut_bodies)
    app.before_request(lambda: _refuse_foreign_posts(settings.public_url))
    app.after_request(_say_how_to_keep_it)
    Talisman(
        app,
        force_https=settings.is_https,
        strict_transport_security=settings.is_https,
        content_security_policy=policy(settings.public_url),
        session_cookie_secure=settings.is_https,
        session_cookie_samesite="Lax",
        frame_options="DENY",
        permissions_policy=PERMISSIONS,
        referrer_policy="same-origin",
        x_xss_protection=False,
    )


def policy(public_url: str) -> dict[str, str]:
    """Nothing but our own files: no script or style in a page, no frame around it, no form to elsewhere."""
    host = urlsplit(public_url)
    socket = f"{'wss' if host.scheme == 'https' else 'ws'}://{host.netloc}"
    own = dict.fromkeys(["script-src", "style-src", "form-action", "manifest-src"], "'self'")
    none = dict.fromkeys(["default-src", "base-uri", "frame-ancestors"], "'none'")
    return {**none, **own, "connect-src": f"'self' {socket}", "img-src": "'self' data:"}


def _refuse_cut_bodies() -> None:
    """A body sent in chunks has no length to refuse it by: the server would cut it and go on with half an order."""
    if request.content_length is None and "chunked" in request.headers.get("Transfer-Encoding", "").lower():
        request.get_data(cache=True)
        if request.environ["wsgi.input"].read(1):
            raise RequestEntityTooLarge


def _refuse_foreign_posts(public_url: str) -> None:
    """The browser's own word on where a post comes from, else our token; keys, not cookies, open the API."""
    if request.method in SAFE or request.blueprint == "api" or request.endpoint is None:
        return
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    ours = {request.host_url.rstrip("/"), public_url}
    if site == "same-origin" or (site is None and origin in ours):
        return
    if site in {"cross-site", "same-site"} or origin not in {None, "null", *ours}:
        raise ForeignPost("This was sent from another site, so nothing was done.")
    try:
        validate_csrf(request.headers.get("X-CSRFToken") or request.form.get("csrf_token"))
    except ValidationError as refused:
        raise ForeignPost("This page is too old. Load it anew and try again.") from refused


def _say_how_to_keep_it(reply: Response) -> Response:
    is_asset = request.endpoint == "static" and reply.status_code == 200
    lasting = f"public, max-age={A_YEAR}, immutable" if "v" in request.args else "no-cache"
    reply.headers["Cache-Control"] = lasting if is_asset else "no-store"
    reply.headers["Server-Now"] = str(drawing.epoch_ms(now()))
    reply.vary.add("HX-Request")
    if request.path.startswith("/p/"):
        reply.headers["Referrer-Policy"] = "no-referrer"
    return reply
