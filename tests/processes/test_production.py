"""Pages, sockets and two clocks, each a process of its own over PostgreSQL, as they are run for real."""

import json
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import sqlalchemy as sa
from prometheus_client.parser import text_string_to_metric_families
from sqlmodel import select
from websockets.sync.client import ClientConnection, connect

from app import db
from app.clock import now
from app.people.associate import Associate, Role, RoleGrant, pin_hash
from app.people.store import Store
from app.pickup.escalation import Escalation
from tests import postgres
from tests.notices.counter import Counter as Shop
from tests.notices.counter import open_counter
from tests.oms.shop import open_shop
from tests.processes.letters import Letters
from tests.processes.orders import order
from tests.processes.process import PATIENCE, Answer, Process, command, done, environment, started

PIN = "482915"
HOST = "pickup.example"


@dataclass
class House:
    """All of it, running."""

    home: Path
    settings: dict[str, str]
    letters: Letters
    shop: Shop
    web: Process
    live: Process
    jobs: list[Process]
    key: str

    def run(self, *words: str) -> str:
        ended = done(command(*words), self.home, self.settings)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout.strip()

    def post(self, path: str, body: bytes | None = None, **headers: str) -> Answer:
        """As the browser of a tablet does, behind the proxy."""
        same = {"Sec_Fetch_Site": "same-origin"} | headers
        answer = self.web.ask(path, method="POST", body=body, **same, Host=HOST)
        assert answer.status == 303, answer.text
        return answer


@pytest.fixture
def database_url(postgres_server: postgres.Server) -> Iterator[str]:
    yield postgres_server.create("for_real")
    postgres_server.drop("for_real")


@pytest.fixture
def house(database_url: str, letters: Letters, tmp_path: Path) -> Iterator[House]:
    settings = environment(
        READYSHELF_ENV="production", DATABASE_URL=database_url, SECRET_KEY="s" * 40, PUBLIC_URL=f"https://{HOST}",
        SMTP_URL=letters.url,
    )  # fmt: skip
    refused = done(command("web"), tmp_path, settings)
    assert (refused.returncode, "readyshelf migrate" in refused.stderr) == (1, True)
    assert done(command("migrate"), tmp_path, settings).returncode == 0
    db.connect(database_url)
    shop = furnish()
    with ExitStack() as stack:

        def start(*words: str, name: str = "") -> Process:
            return stack.enter_context(started(command(*words), tmp_path, settings, name=name))

        there = ["--host", "127.0.0.1", "--port", "0"]
        web, live = start("web", *there), start("live", *there)
        jobs = [start("jobs", name=f"jobs-{number}") for number in (1, 2)]
        for process in jobs:
            process.until("started")
        yield House(
            tmp_path,
            settings,
            letters,
            shop,
            web.until_it_listens(),
            live.until_it_listens(),
            jobs,
            done(command("api-key", "web shop"), tmp_path, settings).stdout.strip(),
        )
    db.disconnect()


def furnish() -> Shop:
    """A store that never closes, with a colleague who knows her PIN and very little patience."""
    with db.transaction() as session:
        shop = open_counter(session, open_shop(session, now()))
        session.get_one(Associate, shop.maya).pin_hash = pin_hash(PIN)
        store = session.get_one(Store, shop.shop.node_id)
        store.ack_window_s = store.answer_window_s = 1
        session.add(RoleGrant(associate_id=shop.maya, role=Role.ASSOCIATE, store_id=store.id))
    return shop


def tablet(house: House) -> ClientConnection:
    """Enrolled and signed in through the pages' process, listening at the sockets'."""
    link = house.run("device", "014", "Tablet 3").removeprefix(f"https://{HOST}")
    device = house.post(link)
    body = urlencode({"associate": house.shop.maya, "pin": PIN}).encode()
    entered = house.post(
        "/sign-in", body=body, Content_Type="application/x-www-form-urlencoded", Cookie=cookies(device)
    )
    return connect(
        f"ws://127.0.0.1:{house.live.port}/live", proxy=None,
        additional_headers={"Cookie": cookies(entered)},
    )  # fmt: skip


def cookies(answer: Answer) -> str:
    return "; ".join(each.partition(";")[0] for each in answer.set_cookies)


def place(house: House, external_id: str = "W-1001") -> dict[str, Any]:
    reply = house.web.ask(
        "/api/orders", method="POST", body=json.dumps(order(now(), external_id, "014", "MILK")).encode(), Host=HOST,
        Content_Type="application/json", Authorization=f"Bearer {house.key}", Idempotency_Key=external_id,
    )  # fmt: skip
    assert reply.status == 201, reply.text
    return dict(reply.json)


def heard(screen: ClientConnection, is_it: Callable[[str], bool]) -> str:
    while not is_it(frame := str(screen.recv(PATIENCE))):
        pass
    return frame


def climbed(task_id: str) -> list[int]:
    with db.reading() as session:
        return sorted(session.exec(select(Escalation.level).where(Escalation.task_id == int(task_id))))


def test_an_order_goes_through_all_of_them_and_each_thing_happens_once(house: House):
    with tablet(house) as screen:
        assert screen.ping().wait(PATIENCE)
        task = place(house)["task"]

        heard(screen, lambda frame: f'id="task-{task["id"]}"' in frame)
        subject = str(house.letters.next()["Subject"])
        while climbed(task["id"]) != [1, 2]:
            screen.recv(PATIENCE)  # each rung redraws the card
        place(house, "W-1002")
        house.letters.next()

        assert subject.startswith("We have your order")
        figures = figures_of(house.web)
        assert figures["readyshelf_tasks", "requested"] == 2
        assert figures["readyshelf_orders", ""] == figures["readyshelf_database_up", ""] * 2 == 2
        assert figures["readyshelf_escalations", "2"] >= 1
        assert figures_of(house.live)["readyshelf_sockets", ""] == 1
        assert any(name == "readyshelf_request_seconds_bucket" for name, _ in figures)
    sent = Counter(str(each["Message-ID"]) for each in house.letters.all)
    assert (set(sent.values()), len(sent)) == ({1}, 2)
    ends_well(house)


def figures_of(process: Process) -> dict[tuple[str, str], float]:
    reply = process.ask("/metrics")
    assert reply.status == 200
    families = text_string_to_metric_families(reply.text)
    return {
        (sample.name, next(iter(sample.labels.values()), "")): sample.value
        for family in families
        for sample in family.samples
    }


def ends_well(house: House) -> None:
    """Each ends by itself, says so, leaves no traceback, and has written nothing about the customer."""
    for process in (house.web, house.live, *house.jobs):
        assert process.ends_at(signal.SIGTERM) == 0
        process.until("stopped")
        logged = process.log.read_text()
        assert "Traceback" not in logged
        assert not [said for said in ("Priya", "priya@", "7700900123", PIN, "s" * 40) if said in logged]
        assert all(json.loads(line) for line in logged.splitlines())


def test_each_says_what_is_missing_and_lives_on_until_it_is_back(house: House, postgres_server: postgres.Server):
    probes = [house.web, house.live]
    assert [probe.ask("/healthz").status for probe in probes] == [200, 200]
    assert [probe.ask("/readyz").status for probe in probes] == [200, 200]

    schema = "UPDATE alembic_version SET version_num = :to"
    with db.transaction() as session:
        newest = session.execute(sa.text("SELECT version_num FROM alembic_version")).scalar_one()
        session.execute(sa.text(schema), {"to": "0000"})
    for probe in probes:
        behind = probe.ask("/readyz")
        assert (behind.status, "readyshelf migrate" in behind.text) == (503, True)
    with db.transaction() as session:
        session.execute(sa.text(schema), {"to": newest})
    assert [probe.ask("/readyz").status for probe in probes] == [200, 200]

    postgres_server.drop("for_real")
    for probe in probes:
        gone = probe.ask("/readyz")
        assert (gone.status, "can't be reached" in gone.text) == (503, True)
        assert probe.ask("/healthz").status == 200
        assert figures_of(probe)["readyshelf_database_up", ""] == 0
    ends_well(house)
