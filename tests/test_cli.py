"""The command, as a person or a script calls it."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app import db
from app.cli import main


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    for name in ("DATABASE_URL", "SECRET_KEY", "READYSHELF_ENV", "PUBLIC_URL"):
        monkeypatch.delenv(name, raising=False)

    def call(*words: str) -> Result:
        return CliRunner().invoke(main, words)

    yield call
    if db._bound:
        db.disconnect()


def test_a_database_nobody_migrated_is_not_worked_on(run):
    done = run("verify")

    assert done.exit_code == 1
    assert "readyshelf migrate" in done.output


def test_an_empty_shop_holds_what_must_hold(run):
    assert run("migrate").exit_code == 0

    done = run("verify", "--json")

    assert done.exit_code == 0, done.output
    assert json.loads(done.output.splitlines()[-1])["holds"] is True


def test_a_balance_nothing_explains_is_found(run):
    run("migrate")
    run("verify")
    with db.transaction() as session:
        connection = session.connection()
        connection.exec_driver_sql("INSERT INTO node (id, kind, code, name) VALUES (1, 'store', '118', 'Riverside')")
        connection.exec_driver_sql(
            "INSERT INTO item (id, sku, name, detail, image, unit, price_minor, currency, cost_minor, is_cold,"
            " needs_id, is_heavy, is_fragile) VALUES (1, 'x', 'X', '', 'box', 'each', 1, 'GBP', 1, 0, 0, 0, 0)"
        )
        connection.exec_driver_sql(
            "INSERT INTO balance (item_id, node_id, on_hand, reserved, suppressed, safety, version)"
            " VALUES (1, 1, 5, 0, 0, 0, 0)"
        )

    done = run("verify", "--json")

    assert done.exit_code == 1
    assert json.loads(done.output.splitlines()[-1])["holds"] is False


def test_an_api_key_is_shown_once_and_kept_as_a_hash(run, tmp_path: Path):
    run("migrate")

    key = run("api-key", "web shop").output.strip()

    assert len(key) >= 40
    assert key.encode() not in (tmp_path / "var" / "readyshelf.db").read_bytes()


def test_a_tablet_for_a_store_that_is_not_there_is_refused(run):
    run("migrate")

    done = run("device", "999", "Tablet 1")

    assert done.exit_code == 1
    assert "There is no store 999." in done.output


def test_a_setting_that_is_wrong_stops_the_start_with_a_sentence(run, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("READYSHELF_ENV", "staging")

    done = run("migrate")

    assert done.exit_code == 1
    assert "READYSHELF_ENV" in done.output


@pytest.mark.parametrize("speed", ["slow", "0", "-1", "nan", "inf"])
def test_a_pace_that_is_none_is_refused(run, speed: str):
    assert run("replay", "completejourney", f"--speed={speed}").exit_code == 2


def test_a_key_and_a_tablet_can_be_taken_back(run):
    run("migrate")
    run("seed")

    made = [run("api-key", "partner", "--channel", "web"), run("device", "118", "Tablet 9")]
    ended = [run("api-key", "partner", "--revoke"), run("device", "118", "Tablet 9", "--revoke")]
    again = [run("api-key", "partner", "--revoke"), run("device", "118", "Tablet 9", "--revoke")]

    assert [done.exit_code for done in (*made, *ended, *again)] == [0, 0, 0, 0, 1, 1]
    assert "holds no key" in again[0].output
