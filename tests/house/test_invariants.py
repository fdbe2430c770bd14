"""The table of what must never break names tests and guards there are."""

import re
from pathlib import Path

from app.migrations.tables import metadata

TESTS = Path(__file__).parents[1]
TABLE = (TESTS / "README.md").read_text()


def test_every_test_the_table_names_is_there():
    named = set(re.findall(r"`((?:oms|events)/test_\w+\.py)`", TABLE))

    assert len(named) > 10
    assert [name for name in named if not (TESTS / name).exists()] == []


def test_every_guard_the_table_names_is_in_the_schema_and_no_number_is_left_out():
    guards = {constraint.name for table in metadata.tables.values() for constraint in table.constraints}
    named = set(re.findall(r"`(\w+)`(?:, `(\w+)`)? on ", TABLE))

    assert {name for pair in named for name in pair if name} <= guards
    assert [number for number in range(1, 16) if f"| {number} |" not in TABLE] == []
