"""The bench of promises runs to its end: every promise it asked for was given, by the library and over HTTP."""

import json
import subprocess
import sys

SHOPS = {"postgresql", "postgresql_http", "postgresql_http_floor", "sqlite", "sqlite_http", "sqlite_http_floor"}


def test_the_bench_of_promises_runs_and_says_what_it_measured():
    command = [sys.executable, "-m", "bench.reserve", "--quick"]
    ran = subprocess.run(command, check=False, capture_output=True, text=True)

    said = json.loads(ran.stdout.splitlines()[-1])
    assert set(said["figures"]) == SHOPS | {"bare_three", "bare_one", "bare_sqlite"}, ran.stderr
    assert all(case["per_second"] > 0 for found in said["figures"].values() for case in found.values())
    assert ran.returncode == (0 if said["holds"] else 1)
