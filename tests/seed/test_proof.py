"""The proof that nothing is oversold runs on both databases, with several processes, and would notice."""

from dataclasses import replace
from pathlib import Path

import pytest

from seed import proof
from seed.proof import Race


def test_several_processes_race_for_one_item_and_every_unit_is_promised_once(database_url: str):
    outcome = proof.run(database_url, Race(clients=8, processes=2, units=30))

    assert outcome.holds, outcome
    assert (outcome.granted, outcome.promised_before, outcome.asked) == (27, 3, 90)


def test_a_race_for_a_single_unit_has_a_winner_too(tmp_path: Path):
    """More processes than units, and where nothing was ever kept."""
    outcome = proof.run(f"sqlite:///{tmp_path}/var/shop.db", Race(clients=2, processes=4, units=1))

    assert outcome.holds, outcome
    assert (outcome.granted, outcome.asked) == (1, 4)
    assert list(replace(outcome, granted=0).lines())[-1] == "Promised to nobody: 1."


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_over_http_every_unit_is_promised_once_too(database_url: str):
    outcome = proof.run(database_url, Race(clients=8, processes=2, units=10, is_over_http=True))

    assert outcome.holds, outcome
    assert (outcome.granted, outcome.asked) == (9, 30)


def test_a_unit_too_many_or_books_that_do_not_add_up_are_no_proof(database_url: str):
    outcome = proof.run(database_url, Race(clients=2, processes=1, units=10))

    assert not replace(outcome, granted=outcome.granted + 1).holds
    assert not replace(outcome, wrong=("item 1 at node 1: the balance is not the sum of its movements",)).holds
