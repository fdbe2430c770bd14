"""Each bench runs to its end and ends as promised; what it measures in a smoke run is nobody's claim."""

import json
import subprocess
import sys

import pytest

from e2e import chromium

# What is true however slow the machine is.
TRUE_ANYWHERE = {
    "replay": ("sqlite_untrue", "postgresql_untrue"),
    "board": ("sqlite_queries", "postgresql_queries", "sqlite_gz_kb", "postgresql_gz_kb"),
    "push": (),
    "ats": ("sqlite_untrue", "postgresql_untrue"),
    "ingest": ("sqlite_untrue", "postgresql_untrue"),
    "routing": ("differing_from_brute_force", "differing_at_full_size", "cut_at_3_parcels"),
    "scale": ("sqlite_untrue", "postgresql_untrue"),
}
PURE = {"routing"}
"""Without a database."""


@pytest.mark.parametrize("name", TRUE_ANYWHERE)
def test_a_bench_runs_and_says_what_it_measured(name: str):
    if name == "push" and chromium.find() is None:
        pytest.skip("no Chromium on this machine")

    command = [sys.executable, "-m", f"bench.{name}", "--quick"]
    ran = subprocess.run(command, check=False, capture_output=True, text=True)

    said = json.loads(ran.stdout.splitlines()[-1])
    assert said["bench"] == name
    assert name in PURE or set(said["figures"]) == {"sqlite", "postgresql"}
    assert all(set(goal) == {"measured", "bound", "holds"} for goal in said["goals"].values())
    assert [goal for goal in TRUE_ANYWHERE[name] if not said["goals"][goal]["holds"]] == []
    assert ran.returncode == (0 if said["holds"] else 1)
