"""Who is told what, and what did not get there, from the command line."""

import json
from base64 import b64decode
from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result

from app import clock, db
from app.cli import main
from app.events import outbox
from app.oms.channel import Channel
from tests.test_cli_inbox import run  # noqa: F401 - a fixture

HERE = "https://shop.example/told"


@pytest.fixture
def shop(run: CliRunner) -> Callable[..., Result]:  # noqa: F811
    with db.transaction() as session:
        session.add(Channel(code="web", name="Web shop"))
    return lambda *said: run.invoke(main, list(said))


def given_up(number: int) -> None:
    at = clock.now()
    with db.transaction() as session:
        outbox.post(session, topic="payment", dedupe=f"refund/{number}", payload={}, at=at, due_at=at)
        [message] = outbox.claim(session, at=at, receiver="payment")
        outbox.give_up(session, message.id, error="It answered 422.")


def test_a_receiver_is_named_with_a_secret_shown_and_forgotten(shop):
    named = shop("receiver", "set", "channel:web", HERE)
    again = shop("receiver", "set", "channel:web", HERE)
    renewed = shop("receiver", "set", "channel:web", HERE, "--new-secret")
    shown = shop("receiver", "show", "--json").output

    secrets = [each.output.splitlines()[-1].removeprefix("whsec_") for each in (named, again, renewed)]
    assert (len(b64decode(secrets[0])), secrets[0] == secrets[1], secrets[0] == secrets[2]) == (32, True, False)
    assert f"channel:web  {HERE}" in shown
    assert json.loads(shown.splitlines()[-1])["receivers"][0]["failures"] == 0
    assert shop("receiver", "forget", "channel:web").exit_code == 0
    assert shop("receiver", "forget", "channel:web").exit_code == 1


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (["set", "channel:kiosk", HERE], "channel:kiosk is nobody who could be told"),
        (["set", "payment", "ftp://shop.example"], "Messages are sent to an https address"),
    ],
)
def test_what_can_not_be_told_is_refused_in_words(shop, said: list[str], words: str):
    done = shop("receiver", *said)

    assert done.exit_code == 1
    assert words in done.output


def test_what_was_given_up_is_listed_and_sent_again(shop):
    given_up(1)
    given_up(2)

    listed = shop("outbox", "dead", "--json").output
    first = json.loads(listed.splitlines()[-1])["dead"][0]
    one = shop("outbox", "replay", str(first), "--json")
    rest = shop("outbox", "replay", "--receiver", "payment")
    nothing = shop("outbox", "replay", str(first))

    assert "payment  refund/1  1 time: It answered 422." in listed
    assert json.loads(one.output.splitlines()[-1]) == {"replayed": 1}
    assert rest.output == "1 will be sent again.\n"
    assert (nothing.exit_code, shop("outbox", "replay").exit_code) == (1, 2)
    assert "nothing to send again" in nothing.output
    assert shop("outbox", "dead").output == ""


def test_a_number_or_a_code_nobody_can_have_is_refused(shop):
    nonsense = (["outbox", "replay", "9" * 20], ["outbox", "replay", "0"], ["inbox", "--replay", "9" * 20],
                ["back-office", ""], ["back-office", "e\nrp"], ["channel", "open", "", "Nobody"])  # fmt: skip

    said = [shop(*each) for each in nonsense]

    assert [(done.exit_code, "Invalid value" in done.output) for done in said] == [(2, True)] * len(nonsense)
