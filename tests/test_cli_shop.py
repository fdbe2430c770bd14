"""The commands that fill a shop, by the demo or by real baskets, and what `verify` says of one tampered with."""

import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from app import db
from app.cli import main
from seed.streams.invoice_file import HEADER

ONLINE_RETAIL = Path(__file__).parents[2] / "shared" / "data" / "online_retail_lines.csv.gz"
Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sqlite_template: Path) -> Iterator[Run]:
    """On an empty shop of this test's own."""
    for name in ("SECRET_KEY", "READYSHELF_ENV", "PUBLIC_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("READYSHELF_VAR", str(tmp_path))
    use(shutil.copyfile(sqlite_template, tmp_path / "shop.db"), monkeypatch)
    yield lambda *words: CliRunner().invoke(main, words)
    db.disconnect()


def use(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{path}")


def last_line(done: Result) -> dict[str, Any]:
    assert done.exit_code == 0, (done.output, done.exception)
    return dict(json.loads(done.stdout.splitlines()[-1]))


@pytest.fixture
def invoices(tmp_path: Path) -> str:
    """Two purchases, a return, and postage, which is no goods."""
    rows = ["1,10002,5,2011-01-04 09:00:00,1.00,7", "1,POST,1,2011-01-04 09:00:00,3.00,7",
            "2,10003,3,2011-01-04 09:10:00,2.00,8", "C3,10002,-5,2011-01-04 10:00:00,1.00,7"]  # fmt: skip
    path = tmp_path / "invoices.csv"
    path.write_text("\n".join([",".join(HEADER), *(f"{row},United Kingdom" for row in rows)]), encoding="utf-8")
    return str(path)


def test_a_file_of_invoices_is_played_and_what_is_left_out_is_counted(run: Run, invoices: str):
    done = run("replay", invoices, "--orders-share", "0.5", "--json")

    figures = last_line(done)
    assert (figures["orders"] + figures["sales"], sum(figures["rows_left_out"].values())) == (2, 1)
    assert "4 rows: 3 of goods, 1 left out." in done.output
    assert last_line(run("verify", "--json"))["holds"] is True


def test_without_being_asked_for_no_line_is_for_machines(run: Run, invoices: str):
    done = run("replay", invoices)

    assert done.exit_code == 0
    assert "orders/s" in done.stdout.splitlines()[-1]


def test_a_file_that_is_not_there_is_a_sentence(run: Run, tmp_path: Path):
    done = run("replay", str(tmp_path / "nothing.csv"))

    assert done.exit_code == 1
    assert "Error: There is no file" in done.output


def test_an_hour_of_the_complete_journey_is_played(run: Run):
    done = run("replay", "completejourney", "--from", "2017-06-17", "--to", "2017-06-17", "--speed", "max", "--json")

    figures = last_line(done)
    assert figures["orders"] > 0 < figures["sales"]
    assert last_line(run("verify", "--json"))["holds"] is True


@pytest.mark.skipif(not ONLINE_RETAIL.exists(), reason=f"{ONLINE_RETAIL.name} isn't at hand in ../shared/data")
def test_a_day_of_the_real_invoices_is_played(run: Run):
    done = run("replay", str(ONLINE_RETAIL), "--from", "2011-01-05", "--to", "2011-01-05", "--json")

    figures = last_line(done)
    assert figures["orders"] + figures["sales"] > 50
    assert sum(figures["rows_left_out"].values()) > 0
    assert " left out." in done.output


def test_the_demo_is_built_once_and_everything_in_it_holds(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    assert last_line(run("seed", "--json")) == {"built": True}
    assert "There are shops already" in run("seed").output
    assert last_line(run("verify", "--json"))["holds"] is True

    db.disconnect()
    for subject, tampering in TAMPERINGS.items():
        copy = shutil.copyfile(tmp_path / "shop.db", tmp_path / "tampered.db")
        with closing(sqlite3.connect(copy)) as shop:
            for trigger in ("event_refuses_update", "event_refuses_delete"):
                shop.execute(f"DROP TRIGGER IF EXISTS {trigger}")
            shop.execute(tampering)
            shop.commit()
        use(copy, monkeypatch)
        done = run("verify", "--json")
        wrong = json.loads(done.stdout.splitlines()[-1])["wrong"]
        assert (done.exit_code, [name for name, found in wrong.items() if found]) == (1, [subject]), tampering
        assert all(f"  {sentence}" in done.output for sentence in wrong[subject])
        db.disconnect()


TAMPERINGS = {
    # what verify calls it, what somebody did
    "every balance is the sum of its movements":
        "UPDATE balance SET on_hand = on_hand + 1 WHERE rowid = (SELECT min(rowid) FROM balance)",
    "every reserved unit has its claim":
        "UPDATE reservation SET quantity = quantity + 1 WHERE id = (SELECT min(id) FROM reservation"
        " WHERE state = 'hard')",
    "every event follows from the one before":
        "UPDATE event SET at = '2020-01-01 00:00:00.000000' WHERE id = (SELECT max(id) FROM event)",
    "every number on a board is what its log gives":
        "UPDATE board_tally SET here = here + 1 WHERE store_id = (SELECT min(store_id) FROM board_tally)",
    "nobody was told ready before the bag was on a shelf":
        "UPDATE outbox_message SET state = 'sent', due_at = NULL, sent_at = '2000-01-01 00:00:00.000000'"
        " WHERE id = (SELECT min(id) FROM outbox_message WHERE dedupe LIKE '%:ready:%')",
}  # fmt: skip
