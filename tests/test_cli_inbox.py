"""What waits at the door for a person, listed and tried again from the command line."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from app import clock, db
from app.cli import main
from app.oms import stock_intake
from app.oms.item import Item
from app.people import api_client
from app.people.api_client import Scope
from tests.notices.counter import open_counter
from tests.oms.shop import open_shop
from tests.oms.test_stock_facts import sold


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sqlite_template: Path) -> Iterator[CliRunner]:
    for name in ("SECRET_KEY", "READYSHELF_ENV", "PUBLIC_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("READYSHELF_VAR", str(tmp_path))
    shop = shutil.copyfile(sqlite_template, tmp_path / "shop.db")
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{shop}")
    runner = CliRunner()
    assert runner.invoke(main, ["verify"]).exit_code == 0
    yield runner
    db.disconnect()


def test_a_rejected_message_is_listed_and_tried_again_once_its_cause_is_mended(run: CliRunner):
    now = clock.now()
    with db.transaction() as session:
        open_counter(session, open_shop(session, now))
    stock_intake.receive([sold(1, at=now, sku="GOLD"), sold(2, at=now)], at=now, owner="till")

    listed = run.invoke(main, ["inbox", "--json"])
    with db.transaction() as session:
        session.add(Item(sku="GOLD", name="Gold"))
    tried = run.invoke(main, ["inbox", "--replay", "1", "--json"])
    nothing = run.invoke(main, ["inbox", "--replay", "1"])

    assert "rejected: We know no item GOLD." in listed.output
    assert json.loads(listed.output.splitlines()[-1]) == {"unsettled": 1, "put_aside": 0}
    assert "1: applied" in tried.output
    assert json.loads(tried.output.splitlines()[-1]) == {"unsettled": 0, "put_aside": 0}
    assert nothing.exit_code == 1
    assert "nothing to try again" in nothing.output


def test_a_key_for_stock_opens_the_door_for_stock_only(run: CliRunner):
    key = run.invoke(main, ["api-key", "till", "--stock"]).output.strip()

    with db.reading() as session:
        client = api_client.by_key(session, key)
    assert [client.may(scope) for scope in (Scope.STOCK, Scope.ORDERS)] == [True, False]
