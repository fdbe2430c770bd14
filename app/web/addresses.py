"""Where a browser came from and where it may be led: only to a screen of ours, and only one its person may see."""

from urllib.parse import urlencode, urlsplit

from flask import current_app, request
from werkzeug.exceptions import HTTPException

from app import db
from app.refusals import Refusal
from app.web.viewer import Viewer

SCREENS = frozenset({
    "board.show", "pickup_tasks.show", "pick_walk.show", "exceptions.show", "counts.show", "transfers.show",
    "my_actions.show", "region.show",
})  # fmt: skip
"""The whole pages; what else answers a GET is a piece of one."""
HOME = "/"
LONGEST = 500


def of_this_site(said: str) -> str:
    """The path and query of an address, whatever site it claims to be of; home for what is no such thing."""
    try:
        parts = urlsplit(said.replace("\\", "/"))
    except ValueError:
        return HOME
    path = parts.path if parts.path.startswith("/") and not parts.path.startswith("//") else HOME
    address = f"{path}?{parts.query}" if parts.query else path
    return address if address.isprintable() and address.isascii() and len(address) <= LONGEST else HOME


def came_from() -> str:
    """The page this was sent from; home when the browser doesn't say."""
    return of_this_site(request.headers.get("HX-Current-URL") or request.referrer or HOME)


def lock_for(address: str) -> str:
    """The lock, and the way back to where somebody was."""
    return f"/sign-in?{urlencode({'next': address})}" if address not in {HOME, ""} and _screen(address) else "/sign-in"


def asked_for(said: str, who: Viewer) -> str:
    """The screen somebody wanted to go on to, as long as it is one that this person may see; else home."""
    parts = urlsplit(said)
    if parts.scheme or parts.netloc or said.startswith("//") or not said.startswith("/"):
        return HOME
    address = of_this_site(said)
    found = _screen(address)
    return address if found and _may_see(who, *found) else HOME


def _screen(address: str) -> tuple[str, dict[str, int]] | None:
    routes = current_app.url_map.bind("")
    try:
        endpoint, args = routes.match(urlsplit(address).path, method="GET")
    except HTTPException:
        return None
    return (endpoint, dict(args)) if endpoint in SCREENS else None


def _may_see(who: Viewer, endpoint: str, args: dict[str, int]) -> bool:
    is_desk = endpoint.startswith("region.")
    if is_desk or who.store_id is None:
        return is_desk and who.region_id is not None
    try:
        with db.reading() as session:
            who.store(session)
            if "task_id" in args:
                who.look_at_task(session, args["task_id"])
    except Refusal:
        return False
    return True
