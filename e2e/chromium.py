"""Which Chromium plays the stories: the one named, the system's, Playwright's own, or one fetched now.

`python -m e2e.chromium` prints its path, and fetches one first if there is none.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache

ON_THE_PATH = ("chromium", "google-chrome", "google-chrome-stable", "chromium-browser")
LOOK_AT_ONE = 30
FETCH_ONE = 900


@cache
def find() -> str | None:
    return next(filter(starts, _candidates()), None)


def fetch() -> str | None:
    """Playwright's download needs no rights; the package manager needs root, and works where that is out of reach."""
    if _named():
        return None
    _run(sys.executable, "-m", "playwright", "install", "chromium")
    find.cache_clear()
    if not find() and os.geteuid() == 0 and shutil.which("apt-get"):
        wait = ("-o", "DPkg::Lock::Timeout=300", "-o", "Acquire::Retries=3")
        _run("apt-get", *wait, "-q", "update")
        _run("apt-get", *wait, "-q", "-y", "--no-install-recommends", "install", "chromium", "fonts-dejavu-core")
        find.cache_clear()
    return find()


def starts(path: str) -> bool:
    """Being there is not enough: a snap's stub and a download without its libraries are there too."""
    try:
        return (
            subprocess.run([path, "--version"], capture_output=True, timeout=LOOK_AT_ONE, check=False).returncode == 0
        )
    except (OSError, subprocess.TimeoutExpired):
        return False


def _named() -> str:
    return os.environ.get("CHROMIUM", "")  # noqa: TID251 - a setting of the stories, not of Readyshelf


def _candidates() -> Iterator[str]:
    if _named():
        yield _named()
        return
    yield from filter(None, map(shutil.which, ON_THE_PATH))
    yield _playwrights_own()


def _playwrights_own() -> str:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        return playwright.chromium.executable_path


def _run(*command: str) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}  # noqa: TID251 - handed on to a program
    try:
        subprocess.run(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=sys.stderr, timeout=FETCH_ONE, check=False
        )
    except subprocess.TimeoutExpired:
        print(f"{command[0]} took too long; given up.", file=sys.stderr)


if __name__ == "__main__":
    path = find() or fetch()
    if not path:
        sys.exit("No Chromium was found and none could be fetched. Install one, or name it: CHROMIUM=/path/to/chromium")
    print(path)
