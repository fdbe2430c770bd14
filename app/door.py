"""The way out: a connection to an address that was looked at, within seconds, and never further than that.

Whoever is told names the address. So that nobody can make us knock on doors inside our own network, the address is
checked where the connection is made, after its name was looked up; nobody is followed anywhere else.
"""

import ipaddress
import socket
import ssl
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from time import monotonic
from typing import Any

import httpcore

from app.outside import Away, Networks

CONNECT_WITHIN_S = 3.0
OPEN_IPV6 = ipaddress.ip_network("2000::/3")
"""All that was ever given out; beyond it are other forms of IPv4, and networks nobody outside can mean."""
TRANSLATED = ipaddress.ip_network("64:ff9b::/96")


def knock(url: str, body: str, headers: Mapping[str, str], *, own_networks: Networks, within_s: float) -> "Answer":
    """One connection for each letter: the deadline holds for all of it, however slowly the answer drips."""
    door = _Door(own_networks, monotonic() + within_s)
    said = list(headers.items())
    within = {"connect": min(CONNECT_WITHIN_S, within_s), "read": within_s, "write": within_s}
    try:
        with (
            httpcore.ConnectionPool(ssl_context=authorities(), network_backend=door) as pool,
            pool.stream("POST", url, headers=said, content=body.encode(), extensions={"timeout": within})
            as answer,
        ):  # fmt: skip
            told = {name.lower(): value.decode("latin-1") for name, value in answer.headers}
            return Answer(answer.status, told.get(b"retry-after", "").strip())
    except httpcore.TimeoutException as late:
        raise Away("It did not answer in time.") from late
    except (OSError, httpcore.NetworkError, httpcore.ProtocolError, httpcore.UnsupportedProtocol) as no:
        raise Away(f"It could not be reached ({type(no).__name__}).") from no


@dataclass(frozen=True)
class Answer:
    """Of all it said, what we go by."""

    status: int
    retry_after: str


@cache
def authorities() -> ssl.SSLContext:
    return ssl.create_default_context()


class _Door(httpcore.NetworkBackend):
    """Connects to what may be told, and to nothing else."""

    def __init__(self, own_networks: Networks, deadline: float) -> None:
        self._own, self._deadline, self._plain = own_networks, deadline, httpcore.SyncBackend()

    def connect_tcp(  # noqa: PLR0917 - the library's signature
        self, host: str, port: int, timeout: float | None = None, local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:  # fmt: skip
        """Its name is looked up once, and what was found is what is connected to."""
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as unknown:
            raise httpcore.ConnectError("Its name is not known.") from unknown
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        open_to_us = [address for address in addresses if self._may_be_told(address)]
        if not open_to_us:
            raise Away("Its address is inside our own network, or nowhere.")
        return _Hurried(self._reached(open_to_us, port, timeout, local_address, socket_options), self._deadline)

    def _reached(
        self, addresses: Sequence[str], port: int, timeout: float | None, *said: Any
    ) -> httpcore.NetworkStream:
        """The first that lets us in: names have IPv6 addresses also where there is no way to them."""
        *others, last = addresses
        for address in others:
            with suppress(httpcore.ConnectError, httpcore.ConnectTimeout):
                return self._plain.connect_tcp(address, port, _left(self._deadline, timeout), *said)
        return self._plain.connect_tcp(last, port, _left(self._deadline, timeout), *said)

    def _may_be_told(self, address: str) -> bool:
        ip = _meant(ipaddress.ip_address(address.partition("%")[0]))
        is_open = ip.is_global and not ip.is_multicast and (ip.version == 4 or ip in OPEN_IPV6)
        return is_open or any(ip in network for network in self._own)


def _meant(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """Behind some IPv6 addresses is an IPv4 one, and that is the door that would be knocked at."""
    if isinstance(ip, ipaddress.IPv4Address):
        return ip
    translated = ipaddress.IPv4Address(int(ip) % 2**32) if ip in TRANSLATED else None
    return ip.ipv4_mapped or ip.sixtofour or translated or ip


def _left(deadline: float, timeout: float | None) -> float:
    left = deadline - monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout("The answer took too long.")
    return left if timeout is None else min(left, timeout)


class _Hurried(httpcore.NetworkStream):
    """Every wait is for what is left until the deadline."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: float) -> None:
        self._stream, self._deadline = stream, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """As it comes."""
        return self._stream.read(max_bytes, _left(self._deadline, timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """As it goes."""
        self._stream.write(buffer, _left(self._deadline, timeout))

    def close(self) -> None:
        """Hang up."""
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """The handshake counts, too."""
        stream = self._stream.start_tls(ssl_context, server_hostname, _left(self._deadline, timeout))
        return _Hurried(stream, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        """Whatever the connection knows."""
        return self._stream.get_extra_info(info)
