"""Rules and channels from the command line."""

import json
from pathlib import Path

import pytest

from app import db
from app.oms.node import Node, NodeKind
from tests.test_cli import run  # noqa: F401 - a fixture


@pytest.fixture
def shop(run, tmp_path: Path):  # noqa: F811
    run("migrate")
    run("verify")
    with db.transaction() as session:
        session.add(Node(kind=NodeKind.STORE, code="118", name="Riverside"))
    file = tmp_path / "rule.json"

    def publish(**said: object):
        file.write_text(json.dumps(said))
        return run("rules", "publish", str(file), "--by", "ops/1")

    return publish


def shown(run) -> list[dict[str, object]]:  # noqa: F811
    return [json.loads(line) for line in run("rules", "show").output.splitlines()]


def test_a_rule_is_published_shown_and_rolled_back(shop, run):  # noqa: F811
    done = shop(kind="safety_stock", scope="node:118", body={"units": "2"})

    assert done.exit_code == 0, done.output
    assert "Version 1 of safety_stock for node:118 holds from" in done.output
    assert shown(run)[0].items() >= {"scope": "node:118", "body": {"units": "2"}, "published_by": "ops/1"}.items()
    assert run("rules", "roll-back", "safety_stock", "node:118").output == "Version 1 was withdrawn.\n"
    assert shown(run) == []


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"kind": "safety_stock", "scope": "node:999", "body": {"units": "2"}}, "There is no node 999."),
        ({"kind": "safety_stock", "scope": "all", "body": {"units": 2}}, "This is no rule for safety_stock"),
        ({"kind": "weather", "body": {}}, "There are no rules of the kind weather"),
        ({"kind": "safety_stock", "body": {}, "valid_from": "2020-01-01T00:00:00Z"}, "can't begin in the past"),
        ({"kind": "safety_stock"}, "holds no rule"),
    ],
)
def test_a_rule_that_can_not_be_kept_is_refused_in_words(shop, run, said, words: str):  # noqa: F811
    done = shop(**said)

    assert done.exit_code == 1
    assert words in done.output
    assert shown(run) == []


def test_a_channel_has_rules_of_its_own_once_it_is_open(shop, run):  # noqa: F811
    too_early = shop(kind="channel", scope="channel:web", body={"buffer": "1"})
    run("channel", "open", "web", "Web shop", "--node", "118")

    assert "There is no channel web." in too_early.output
    assert shop(kind="channel", scope="channel:web", body={"buffer": "1"}).exit_code == 0
