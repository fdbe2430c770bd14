"""How a letter gets there: to the very address that was checked, within seconds, and nowhere else."""

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from threading import Thread
from time import perf_counter
from typing import Any

import pytest

from app import door
from app.outside import Away, Networks
from app.webhooks.post import Post, Refused
from tests.webhooks.partner import Partner, listening

HERE: Networks = (ip_network("127.0.0.0/8"),)
POST = Post(HERE, within_s=0.5)


def deliver(url: str, at: datetime, post: Post = POST) -> None:
    post.deliver(url, "{}", {"webhook-id": "msg_1"}, at=at)


@contextmanager
def saying(*drops: bytes, every_s: float = 0.0) -> Iterator[str]:
    """A server that answers with these bytes, as slowly as it is told to."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.settimeout(every_s or 5)
                for drop in drops:
                    try:
                        connection.sendall(drop)
                        while every_s and connection.recv(4096):
                            pass
                    except TimeoutError:
                        continue
                    except OSError:
                        return
                while connection.recv(4096):
                    pass

        Thread(target=answer, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"


@pytest.mark.parametrize("status", [200, 202, 204])
def test_any_2xx_means_it_was_taken(partner: Partner, nine: datetime, status: int):
    partner.answers = [status]

    deliver(partner.url, nine)

    assert (partner.letters[0].path, partner.letters[0].body) == ("/told", b"{}")
    assert partner.letters[0].headers["webhook-id"] == "msg_1"


@pytest.mark.parametrize("status", [400, 409, 413, 422, 500])
def test_an_answer_about_the_message_is_a_refusal(partner: Partner, nine: datetime, status: int):
    partner.answers = [status]

    with pytest.raises(Refused, match=str(status)):
        deliver(partner.url, nine)


@pytest.mark.parametrize("status", [301, 307, 401, 403, 404, 408, 410, 429, 502, 503, 504])
def test_any_other_answer_says_that_nobody_is_there_to_read_it(partner: Partner, nine: datetime, status: int):
    partner.answers, partner.headers = [status], {"Location": partner.url + "/elsewhere"}

    with pytest.raises(Away, match=str(status)):
        deliver(partner.url, nine)

    assert [letter.path for letter in partner.letters] == ["/told"]


@pytest.mark.parametrize(
    ("said", "pause"),
    [
        ("120", timedelta(minutes=2)), ("Mon, 23 Nov 2026 09:03:00 GMT", timedelta(minutes=3)),
        ("soon", None), ("-1", None), ("9" * 40, timedelta(seconds=999_999_999)),
    ],
)  # fmt: skip
def test_it_may_say_when_to_come_back(partner: Partner, nine: datetime, said: str, pause: timedelta | None):
    partner.answers, partner.headers = [503], {"Retry-After": said}

    with pytest.raises(Away) as away:
        deliver(partner.url, nine)

    assert away.value.pause == pause


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9/", "http://localhost:9/", "http://[::1]:9/", "http://10.0.0.1/", "http://169.254.169.254/",
        "http://[::ffff:127.0.0.1]:9/", "http://0.0.0.0:9/", "http://100.64.0.1/", "http://[fd00::1]/",
        "http://224.0.0.1/", "http://[64:ff9b::a9fe:a9fe]/", "http://[2002:7f00:1::]/", "http://[::7f00:1]/",
        "http://[64:ff9b:1::1]/", "http://[fec0::1]/",
    ],
)  # fmt: skip
def test_an_address_inside_our_own_network_is_not_knocked_at(nine: datetime, url: str):
    with pytest.raises(Away, match="inside our own network"):
        deliver(url, nine, Post())


def test_a_receiver_is_reached_at_any_of_its_addresses(nine: datetime, partner: Partner, monkeypatch):
    """Of a name's addresses some are beyond reach: IPv6 ones, from a machine that has none."""
    port, look_up = int(partner.url.rpartition(":")[2].partition("/")[0]), socket.getaddrinfo
    known = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in ("127.0.0.0", "127.0.0.1")]

    def named(host: str, *asked: Any, **how: Any) -> list[Any]:
        return known if host == "two.example" else look_up(host, *asked, **how)

    monkeypatch.setattr(socket, "getaddrinfo", named)

    deliver(f"http://two.example:{port}/told", nine)

    assert len(partner.letters) == 1


def test_a_name_nobody_knows_is_nobody(nine: datetime):
    with pytest.raises(Away):
        deliver("http://nowhere.invalid/", nine)


def test_a_closed_door_is_nobody(nine: datetime):
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"

    with pytest.raises(Away, match="could not be reached"):
        deliver(url, nine)


def test_what_is_no_http_is_nobody(nine: datetime):
    with saying(b"220 mail.example ESMTP\r\n\r\n") as url, pytest.raises(Away, match="could not be reached"):
        deliver(url, nine)


def test_one_that_keeps_silent_or_answers_drop_by_drop_is_left_after_the_deadline(nine: datetime):
    drops = [b"HTTP/1.1 200 OK\r\n", *[b"X: y\r\n"] * 40]
    began = perf_counter()

    with saying() as url, pytest.raises(Away, match="in time"):
        deliver(url, nine)
    with saying(*drops, every_s=0.1) as url, pytest.raises(Away, match="in time"):
        deliver(url, nine)

    assert perf_counter() - began < 3


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    both = tmp_path / "both.pem"
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
            "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out",
            str(cert)]  # fmt: skip
    try:
        subprocess.run(made, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("there is no openssl to make a certificate with")
    both.write_text(key.read_text() + cert.read_text())
    return both


def test_only_who_can_prove_its_name_is_told(certificate: Path, nine: datetime, monkeypatch: pytest.MonkeyPatch):
    with listening(certificate) as partner:
        door.authorities.cache_clear()
        with pytest.raises(Away, match="could not be reached"):
            deliver(partner.url, nine, Post(HERE))
        assert partner.letters == []

        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        door.authorities.cache_clear()
        deliver(partner.url, nine, Post(HERE))
        door.authorities.cache_clear()

    assert len(partner.letters) == 1
