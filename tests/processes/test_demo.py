"""The one command, as a newcomer has it: a first start, an order, a stop, and a second start that is quick."""

import json
import re
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

from app.clock import now
from tests.processes.orders import order
from tests.processes.process import Process, command, environment, started


def begin(process: Process) -> tuple[Process, str]:
    """It listens, and says who can sign in and which key the API takes."""
    process.until_it_listens()
    process.until(r"PIN \d{6}")
    return process, process.until(r"API key: (\S+)")[1]


def in_stock(var: Path) -> str:
    """Something Riverside has plenty of."""
    with closing(sqlite3.connect(var / "readyshelf.db")) as shop:
        plenty = "SELECT sku FROM item JOIN balance ON item_id = item.id JOIN node ON node_id = node.id"
        (sku,) = shop.execute(f"{plenty} WHERE code = '118' ORDER BY on_hand - reserved DESC").fetchone()
    return str(sku)


def what_nobody_may_log(var: Path, key: str) -> set[str]:
    """Everything the shop knows about its customers and of its people's secrets."""
    with closing(sqlite3.connect(var / "readyshelf.db")) as shop:
        customers = shop.execute("SELECT name, email, phone FROM customer").fetchall()
    pins = {person["pin"] for person in json.loads((var / "demo-people.json").read_text())}
    return {said for row in customers for said in row if said} | pins | {key}


def place(process: Process, key: str, sku: str) -> str:
    reply = process.ask(
        "/api/orders", method="POST", body=json.dumps(order(now(), "W-1001", "118", sku)).encode(),
        Content_Type="application/json", Authorization=f"Bearer {key}", Idempotency_Key="W-1001",
    )  # fmt: skip
    assert reply.status == 201, reply.text
    return str(reply.json["id"])


def test_the_demo_starts_takes_an_order_stops_and_is_there_again(tmp_path: Path):
    settings = environment(READYSHELF_VAR=str(tmp_path / "kept"), LOG_LEVEL="DEBUG")

    with started(command("run", "--port", "0"), tmp_path, settings, name="first") as process:
        demo, key = begin(process)
        assert demo.ask("/demo").status == 200
        placed = place(demo, key, in_stock(tmp_path / "kept"))
        assert demo.ends_at(signal.SIGTERM) == 0
        demo.until("stopped")

    with started(command("run", "--port", "0"), tmp_path, settings, name="second") as process:
        demo, same_key = begin(process)
        again = demo.ask(f"/api/orders/{placed}", Authorization=f"Bearer {key}")
        assert (again.status, again.json["id"], same_key) == (200, placed, key)
        assert not any("building" in line for line in demo.said)
        assert demo.ends_at(signal.SIGINT) == 0

    logged = (tmp_path / "first.log").read_text() + (tmp_path / "second.log").read_text()
    assert not [
        said for said in what_nobody_may_log(tmp_path / "kept", key) if re.search(rf"\b{re.escape(said)}\b", logged)
    ]
    assert not (tmp_path / "var").exists()
    assert "Traceback" not in logged
