import http.client
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from app import db, serving
from tests.live import shop as shops

KEY = "a key that only the tests know, of some length"
SECONDS = 10
PROGRAM = """
import sys
from pathlib import Path
from flask import Flask
from app import db, serving
from app.config import Settings
db.connect(sys.argv[1])
web = Flask("web")
web.secret_key = sys.argv[2]
web.add_url_rule("/", view_func=lambda: "a page")
settings = Settings(database_url=sys.argv[1], secret_key=sys.argv[2], var=Path(sys.argv[3]))
serving.serve(web, settings, host="127.0.0.1", port=0, with_jobs=False, ready=lambda port: print(port, flush=True))
print("stopped", flush=True)
"""


@dataclass
class Served:
    """A server in a process of its own."""

    process: "subprocess.Popen[str]"
    port: int

    def page(self) -> str:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)
        connection.request("GET", "/")
        return connection.getresponse().read().decode()


def signed(token: str) -> dict[str, str]:
    app = Flask("cookies")
    app.secret_key = KEY
    signer = SecureCookieSessionInterface().get_signing_serializer(app)
    assert signer is not None
    return {"Cookie": f"theme=dark; session={signer.dumps({'_user_id': token})}"}


@pytest.fixture
def served(database: db.Database, database_url: str, tmp_path) -> Iterator[Served]:
    shops.open_two_stores()
    arguments = [sys.executable, "-c", PROGRAM, database_url, KEY, str(tmp_path)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield Served(process, int(process.stdout.readline()))
        process.kill()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_pages_and_sockets_share_one_port_and_a_silent_client_holds_up_neither(served: Served):
    address = f"ws://127.0.0.1:{served.port}/live"

    with socket.create_connection(("127.0.0.1", served.port)):
        with connect(address, additional_headers=signed("token-of-ana"), proxy=None) as screen:
            assert screen.ping().wait(SECONDS)
            assert served.page() == "a page"
        with pytest.raises(InvalidStatus):
            connect(address, proxy=None)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_terminated_server_sends_its_screens_away_to_return_and_ends_well(served: Served):
    address = f"ws://127.0.0.1:{served.port}/live"
    with connect(address, additional_headers=signed("token-of-ana"), proxy=None) as screen:
        served.process.send_signal(signal.SIGTERM)

        with pytest.raises(ConnectionClosed) as closed:
            screen.recv(SECONDS)

    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1012
    assert served.process.communicate(timeout=SECONDS)[0].endswith("stopped\n")
    assert served.process.returncode == 0


@pytest.mark.parametrize(
    "header", ["", "session", "session=", "session=x.y.z", "session=\xff\xfe", "session=\udcff", "\0"]
)
def test_a_cookie_that_is_none_of_ours_says_nothing(header: str):
    app = Flask("cookies")
    app.secret_key = KEY

    assert serving.cookie_reader(app)(header) == {}
