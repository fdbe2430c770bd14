"""Another system's books compared with ours from the command line."""

import json
from collections.abc import Callable
from datetime import UTC, timedelta
from pathlib import Path

import pytest
from click.testing import Result

from app import clock, db
from app.oms import inventory
from app.oms.inventory import Reason
from tests.oms.shop import Shop, open_shop
from tests.test_cli import run  # noqa: F401 - a fixture


@pytest.fixture
def shop(run) -> Shop:  # noqa: F811
    run("migrate")
    run("verify")
    with db.transaction() as session:
        return open_shop(session, clock.now() - timedelta(hours=2))


@pytest.fixture
def compared(run: Callable[..., Result], shop: Shop, tmp_path: Path):  # noqa: F811
    def compare(*lines: str, options: tuple[str, ...] = ()) -> Result:
        file = tmp_path / "books.csv"
        file.write_text("\n".join(["node,sku,quantity", *lines]))
        as_of = clock.now().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return run("reconcile", str(file), "--source", "erp", "--as-of", as_of, "--json", *options)

    return compare


def test_a_small_difference_is_put_right_and_a_second_run_finds_nothing(compared):
    first, second = compared("014,MILK,8", "014,BREAD,4"), compared("014,MILK,8", "014,BREAD,4")

    assert (first.exit_code, second.exit_code) == (0, 0), first.output
    assert "014 MILK: they have 8, we have 10; -2 unexplained" in first.output
    told = json.loads(first.output.splitlines()[-1])
    assert (told["counts"], told["unexplained"]) == ({"corrected": 1, "equal": 1}, 1)
    assert json.loads(second.output.splitlines()[-1])["counts"] == {"equal": 2}


def test_what_needs_a_person_or_cannot_be_read_is_said_and_fails(compared):
    large, unknown = compared("014,MILK,80"), compared("999,MILK,8")

    assert (large.exit_code, unknown.exit_code) == (1, 1)
    assert "We know no node 999." in unknown.output


def test_a_trial_moves_nothing(compared):
    tried = compared("014,MILK,8", options=("--dry-run",))

    assert json.loads(tried.output.splitlines()[-1])["run"] is None
    assert json.loads(compared("014,MILK,10").output.splitlines()[-1])["counts"] == {"equal": 1}


def test_a_back_office_hears_of_what_we_moved_until_it_has_booked_it(run, shop: Shop, compared):  # noqa: F811
    assert run("back-office", "erp").exit_code == 0
    assert run("back-office", "erp").exit_code == 1
    with db.transaction() as session:
        inventory.record(session, [shop.stock(shop.milk, -1)], shop.cause(Reason.COLLECTED, "order/1"))

    waiting = json.loads(run("postings", "erp").output)
    assert (waiting["sku"], waiting["delta"], waiting["reason"]) == ("MILK", "-1", "collected")
    assert json.loads(compared("014,MILK,10").output.splitlines()[-1])["counts"] == {"in flight": 1}
    assert run("postings", "erp", "--booked", waiting["id"]).output == "1 booked.\n"
    assert run("postings", "erp").output == ""
    assert run("postings", "nobody").exit_code == 1


def test_a_file_that_is_no_statement_is_refused_in_words(run, shop: Shop, tmp_path: Path):  # noqa: F811
    file = tmp_path / "books.json"
    file.write_text("[1")

    done = run("reconcile", str(file), "--source", "erp", "--as-of", "2026-11-23T09:00:00Z")

    assert (done.exit_code, "The statement can't be read" in done.output) == (1, True)
