import re
import tomllib
from pathlib import Path

import pytest

from tests.house import source

# Put together here, or this file would be its own finding.
ONE_MACHINES_PATH = re.compile(r"(?<![\w.])/(?:root|work|home/\w+|Users/\w+)" + "/")
PACKAGE_INDEX = re.compile(
    r"(?:index-url|\"resolved\"|registry *=) *[:=]? *\"?https?://|//(?:pypi|files\.python" + r"hosted)\."
)
PIN = re.compile(r"([\w.-]+)==\S+(?: ; .+?)?((?: \\\n    --hash=sha256:[0-9a-f]{64})+)\n")

TEXT = [path for path in source.tracked() if b"\0" not in path.read_bytes()[:1024]]
LOCKS = [source.ROOT / "requirements.lock", source.ROOT / "requirements-test.lock"]


def pinned(lock: Path) -> set[str]:
    return {normal(name) for name, _ in PIN.findall(lock.read_text())}


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def wanted(*requirements: str) -> set[str]:
    return {normal(re.split(r"[\[<>=!~ ;]", each)[0]) for each in requirements} - {"readyshelf"}


@pytest.mark.skipif(not TEXT, reason="this is no git checkout, so nobody can say what is kept")
def test_nothing_kept_names_one_persons_machine_or_a_package_index():
    found = {
        source.name(path): match.group()
        for path in TEXT
        if (match := (ONE_MACHINES_PATH.search(text := path.read_text()) or PACKAGE_INDEX.search(text)))
    }

    assert not found


@pytest.mark.parametrize("lock", LOCKS, ids=source.name)
def test_a_lock_is_names_versions_and_hashes_and_nothing_else(lock: Path):
    assert not PIN.sub("", lock.read_text()).strip()


def test_the_locks_hold_what_the_project_asks_for():
    project = tomllib.loads((source.ROOT / "pyproject.toml").read_text())
    runs = wanted(*project["project"]["dependencies"], *project["dependency-groups"]["build"])
    extras = wanted(*(each for extra in project["project"]["optional-dependencies"].values() for each in extra))

    assert runs <= pinned(LOCKS[0])
    assert runs | extras <= pinned(LOCKS[1])


def test_tests_run_against_the_very_versions_that_are_shipped():
    assert set(PIN.findall(LOCKS[0].read_text())) <= set(PIN.findall(LOCKS[1].read_text()))


@pytest.mark.parametrize("command", ["bin/run", "bin/test", "bin/set-up", ".ci/run"])
def test_the_commands_can_be_called(command: str):
    assert (source.ROOT / command).stat().st_mode & 0o111
