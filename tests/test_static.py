"""What the browser is sent: unchanged from its makers, light enough for a tablet, and whole."""

import gzip
import hashlib
import re

import pytest

from app.drawing import STATIC, TEMPLATES, icon

SHELL_SCRIPTS = [
    "vendor/htmx.min.js",
    "vendor/hx-ws.min.js",
    "js/look.js",
    "js/app.js",
    "js/live.js",
]
NAMED_ICONS = sorted(
    {name for page in TEMPLATES.rglob("*.html") for name in re.findall(r'icon\("([\w-]+)"', page.read_text())}
)


def sent(path: str) -> int:
    return len(gzip.compress((STATIC / path).read_bytes(), 9))


@pytest.mark.parametrize("name", ["htmx.min.js", "hx-ws.min.js"])
def test_what_we_carry_for_others_is_what_they_published(name: str):
    published = re.search(rf"`{name}`.*`([0-9a-f]{{64}})`", (STATIC / "vendor/README.md").read_text())

    assert published
    assert hashlib.sha256((STATIC / "vendor" / name).read_bytes()).hexdigest() == published[1]


def test_a_staff_page_costs_at_most_26_kb_of_scripts_8_of_them_ours_and_12_of_looks():
    assert sum(map(sent, SHELL_SCRIPTS)) <= 26_000
    assert sum(sent(path) for path in SHELL_SCRIPTS if path.startswith("js/")) <= 8 * 1024
    assert sent("css/app.css") <= 12 * 1024


def test_the_shell_asks_for_these_scripts_and_no_others():
    assert set(re.findall(r'"((?:js|vendor)/[\w.-]+\.js)"', (TEMPLATES / "layout.html").read_text())) == set(
        SHELL_SCRIPTS
    )


@pytest.mark.parametrize("name", NAMED_ICONS)
def test_every_icon_a_page_names_is_there(name: str):
    assert icon(name)


@pytest.mark.parametrize("script", sorted((STATIC / "js").glob("*.js")), ids=lambda path: path.name)
def test_our_scripts_evaluate_nothing_and_ask_nobody_else(script):
    assert not re.search(r"\beval\(|new Function|https?://|\.style\b", script.read_text())
