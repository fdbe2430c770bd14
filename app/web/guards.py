"""What stands in front of every request and is said on every answer: size, origin, policy, cookies, caching."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from flask import Flask, Response, redirect, request
from flask_login import current_user
from flask_talisman import Talisman
from flask_wtf.csrf import CSRFProtect, ValidationError, validate_csrf
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge
from werkzeug.routing import IntegerConverter, Map

from app import drawing
from app.clock import now
from app.config import Settings
from app.refusals import Refusal
from app.web.addresses import came_from, lock_for, of_this_site
from app.web.viewer import cookie_name

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PUBLIC = frozenset(
    {
        "static",
        "sign_in",
        "demo",
        "customer",
        "api",
        "api_channels",
        "api_fulfilments",
        "api_routing",
        "api_transfers",
        "intake",
        "operations",
    }
)
"""The blueprints a stranger may reach; whatever is not named here needs somebody signed in."""
BY_KEY = frozenset({"api", "api_channels", "api_fulfilments", "api_routing", "api_transfers", "intake"})
"""Opened by keys, not by cookies: nobody's browser can be made to knock there."""
LARGEST_BODY = 256 * 1024
LARGEST_ID = 2**31 - 1
A_YEAR = 365 * 24 * 3600
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
TELLS_NOBODY = ("/p/", "/enrol/")
"""Whoever has one of these addresses has what it opens."""
PERMISSIONS = {"camera": "(self)", "geolocation": "()", "microphone": "()", "payment": "()", "usb": "()"}


class ForeignPost(Refusal):
    """A post that another site may have sent in this person's name."""

    status = 403


class OtherName(Refusal):
    """Reached under a name that isn't ours, as by a page that has its own name lead here."""

    status = 421


class RowNumber(IntegerConverter):
    """The number of a row in an address: larger than any row's is no page, and no fault of ours."""

    def __init__(self, of: Map, **options: Any) -> None:
        super().__init__(of, **({"max": LARGEST_ID} | options))


def install(app: Flask, settings: Settings) -> None:
    """Headers are set in the reverse order of this list, so ours have the last word."""
    app.url_map.converters["int"] = RowNumber
    app.wsgi_app = _as_the_public_sees_it(app.wsgi_app, settings)  # type: ignore[assignment, method-assign]
    app.config["SESSION_COOKIE_NAME"] = cookie_name("session", settings)
    CSRFProtect(app)
    if not settings.is_demo:
        app.before_request(lambda: _refuse_other_names(settings.public_url))  # a demo is reached as it may be
    app.before_request(_refuse_cut_bodies)
    app.before_request(_refuse_nul)
    app.before_request(lambda: _refuse_foreign_posts(settings.public_url))
    app.after_request(_say_how_to_keep_it)
    Talisman(
        app,
        force_https=False,  # the proxy in front speaks https, and we only ever see what it lets through
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


def _as_the_public_sees_it(serve: "WSGIApplication", settings: Settings) -> "WSGIApplication":
    """Behind a proxy that ends TLS every request looks like http; what the browser sees is what PUBLIC_URL says."""

    def public(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        environ["wsgi.url_scheme"] = "https" if settings.is_https else "http"
        return serve(environ, start_response)

    return public


def must_be_signed_in() -> Any:
    """Deny by default: nobody reaches a page by its author's forgetting to guard it."""
    if request.endpoint is None or request.endpoint.partition(".")[0] in PUBLIC or current_user.is_authenticated:
        return None
    is_page = request.method == "GET" and "HX-Request" not in request.headers
    return redirect(lock_for(of_this_site(request.full_path.rstrip("?")) if is_page else came_from()), code=303)


def _refuse_other_names(public_url: str) -> None:
    """Probes come by number; everybody else by the name that tablets and customers were given."""
    if request.blueprint != "operations" and urlsplit(f"//{request.host}").hostname != urlsplit(public_url).hostname:
        raise OtherName(f"This is {public_url}: open it under that name.")


def _refuse_nul() -> None:
    """No keyboard and no scanner types it, and PostgreSQL keeps no text that holds one."""
    asked = (request.args,) if request.blueprint in BY_KEY else (request.args, request.form)
    if any("\0" in word for said in asked for pair in said.items(multi=True) for word in pair):
        raise BadRequest


def _refuse_cut_bodies() -> None:
    """A body sent in chunks has no length to refuse it by: the server would cut it and go on with half an order."""
    if request.content_length is None and "chunked" in request.headers.get("Transfer-Encoding", "").lower():
        request.get_data(cache=True)
        if request.environ["wsgi.input"].read(1):
            raise RequestEntityTooLarge


def _refuse_foreign_posts(public_url: str) -> None:
    """The browser's own word on where a post comes from, else our token; keys, not cookies, open the API."""
    if request.method in SAFE or request.blueprint in BY_KEY or request.endpoint is None:
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
    is_asset = request.endpoint == "static" and reply.status_code in {200, 206, 304}
    lasting = f"public, max-age={A_YEAR}, immutable" if "v" in request.args else "no-cache"
    reply.headers["Cache-Control"] = lasting if is_asset else "no-store"
    reply.headers["Server-Now"] = str(drawing.epoch_ms(now()))
    reply.headers["Cross-Origin-Opener-Policy"] = reply.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    reply.vary.add("HX-Request")
    if request.path.startswith(TELLS_NOBODY):
        reply.headers["Referrer-Policy"] = "no-referrer"
    return reply
