"""At the door of the sockets: whether a page of ours knocks, and how anybody else is turned away."""

from http import HTTPStatus
from urllib.parse import urlsplit

from websockets.asyncio.server import ServerConnection
from websockets.datastructures import Headers
from websockets.http11 import Response


def is_same_site(headers: Headers) -> bool:
    """Browsers send Origin with every socket; a page of another site must not listen with our cookie."""
    origins, hosts = headers.get_all("Origin"), headers.get_all("Host")
    if not origins:
        return True
    try:
        return len(origins) == len(hosts) == 1 and urlsplit(origins[0]).netloc.lower() == hosts[0].lower()
    except ValueError:
        return False


def refuse(connection: ServerConnection, status: HTTPStatus, words: str) -> Response:
    """Not let in; as every answer of ours it is taken for what it is, and not kept."""
    reply = connection.respond(status, words)
    reply.headers.update({"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"})
    return reply
