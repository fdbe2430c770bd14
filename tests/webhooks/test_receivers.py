"""Who is told, where: named by a person, never sent to nowhere, and told what it missed."""

from datetime import datetime, timedelta

import pytest
from sqlmodel import Session, col, select

from app.events import backlog, outbox, unsent
from app.events.outbox import OutboxMessage, OutboxState
from app.events.unsent import NothingToReplay
from app.oms import availability, channel, push
from app.oms.channel import Channel
from app.refusals import NotFound
from app.webhooks import receiver
from app.webhooks.receiver import LONGEST_PAUSE, NoAddress
from tests.oms.shop import Shop, open_shop

HERE = "https://shop.example/told"


@pytest.fixture
def shop(session: Session, nine: datetime) -> Shop:
    shop = open_shop(session, nine)
    channel.open_channel(session, Channel(code="web", name="Web"))
    availability.catch_up(session, at=nine)
    return shop


def states(session: Session) -> list[OutboxState]:
    session.expire_all()
    return [message.state for message in session.exec(select(OutboxMessage).order_by(col(OutboxMessage.id)))]


def post(session: Session, name: str, at: datetime, to: str = "payment") -> None:
    outbox.post(session, topic=to, dedupe=name, payload={}, at=at, due_at=at)


def test_a_channel_that_gets_an_address_hears_every_number_and_one_that_loses_it_none(
    session: Session, shop: Shop, nine: datetime
):
    receiver.name(session, "channel:web", HERE, is_demo=False, at=nine)
    assert push.post_due(session, at=nine) == 2

    receiver.forget(session, "channel:web")

    assert session.exec(select(Channel.is_pushed)).one() is False
    assert [message.receiver for message in session.exec(select(OutboxMessage))] == ["channel:web"] * 2


def test_what_nobody_is_named_for_waits_no_more_until_somebody_is(session: Session, shop: Shop, nine: datetime):
    post(session, "refund/1", nine)

    assert unsent.hold_for_nobody(session, "payment", at=nine) == 1
    assert (states(session), backlog.queues(session)) == ([OutboxState.SUPPRESSED], {})

    receiver.name(session, "payment", HERE, is_demo=False, at=nine + timedelta(days=2))
    assert states(session) == [OutboxState.PENDING]
    assert backlog.queues(session) == {"payment": nine + timedelta(days=2)}


def test_what_was_called_off_is_not_sent_because_somebody_listens_now(session: Session, shop: Shop, nine: datetime):
    post(session, "refund/1", nine)
    outbox.suppress(session, dedupe="refund/1")

    receiver.name(session, "payment", HERE, is_demo=False, at=nine)

    assert states(session) == [OutboxState.SUPPRESSED]


def test_each_receivers_queue_says_since_when_it_waits(session: Session, shop: Shop, nine: datetime):
    for minute, to in ((3, "payment"), (1, "payment"), (2, "mail"), (4, "node:014")):
        post(session, f"{to}/{minute}", nine + timedelta(minutes=minute), to)

    assert backlog.queues(session) == {
        "mail": nine + timedelta(minutes=2), "node:014": nine + timedelta(minutes=4),
        "payment": nine + timedelta(minutes=1),
    }  # fmt: skip


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("channel:kiosk", HERE), ("node:999", HERE), ("mail", HERE), ("", HERE), ("channel:", HERE),
        ("office:erp", HERE), ("014", HERE),
        ("payment", "http://shop.example/told"), ("payment", "https://"), ("payment", "https://a b/"),
        ("payment", "https://shop.example:port/"), ("payment", "https://me:secret@shop.example/"),
        ("payment", "https://shop.example/#told"), ("payment", "ftp://shop.example/"), ("payment", "https://[::1"),
        ("payment", "https://shop.example/" + "x" * 2000), ("payment", "https://shöp.example/"), ("payment", ""),
    ],
)  # fmt: skip
def test_nobody_is_told_at_an_address_that_is_none_or_not_safe(
    session: Session, shop: Shop, nine: datetime, name: str, url: str
):
    with pytest.raises(NoAddress):
        receiver.name(session, name, url, is_demo=False, at=nine)

    assert receiver.everyone(session) == []


def test_a_changed_secret_lets_the_old_one_hold_for_a_day(session: Session, shop: Shop, nine: datetime):
    keys = ("k" * 32,)
    before = receiver.name(session, "payment", HERE, is_demo=False, at=nine).secrets(keys, at=nine)

    renewed = receiver.name(session, "payment", HERE, is_demo=False, at=nine, new_secret=True)

    assert renewed.secrets(keys, at=nine)[1:] == before
    assert len(renewed.secrets(keys, at=nine + timedelta(days=1))) == 1


def test_nobody_is_forgotten_twice(session: Session, shop: Shop):
    with pytest.raises(NotFound):
        receiver.forget(session, "payment")


def test_one_that_stays_away_is_left_in_peace_for_longer_each_time_or_as_long_as_it_asks(
    session: Session, shop: Shop, nine: datetime
):
    known = receiver.name(session, "payment", HERE, is_demo=False, at=nine)

    pauses = []
    for asked in (None, None, timedelta(minutes=5), *[None] * 4, timedelta(days=9)):
        known.stayed_away(at=nine, error="away", asked_for=asked, jitter=0)
        assert known.paused_until is not None
        pauses.append((known.paused_until - nine).total_seconds())
    known.heard(at=nine)

    assert pauses == [15, 30, 300, 120, 240, 480, LONGEST_PAUSE.total_seconds(), 3600]
    assert (known.failures, known.is_paused(nine)) == (0, False)


def test_a_clock_set_back_a_day_makes_no_pause_of_a_day(session: Session, shop: Shop, nine: datetime):
    known = receiver.name(session, "payment", HERE, is_demo=False, at=nine)
    known.stayed_away(at=nine, error="away", asked_for=timedelta(hours=1), jitter=1)

    assert known.is_paused(nine)
    assert not known.is_paused(nine - timedelta(days=1))


def test_only_what_was_given_up_is_sent_again(session: Session, shop: Shop, nine: datetime):
    for number in (1, 2):
        post(session, f"refund/{number}", nine)
    [given_up] = outbox.claim(session, at=nine, limit=1)
    outbox.give_up(session, given_up.id, error="It answered 422.")
    session.flush()
    assert ([each.id for each in unsent.dead(session)], unsent.number_dead(session)) == ([given_up.id], {"payment": 1})
    assert unsent.dead(session, receiver="channel:web") == []

    assert unsent.replay(session, [given_up.id], at=nine) == 1

    session.expire_all()
    assert (given_up.state, given_up.attempts, given_up.dedupe) == (OutboxState.PENDING, 0, "refund/1")
    with pytest.raises(NothingToReplay):
        unsent.replay(session, [given_up.id], at=nine)
