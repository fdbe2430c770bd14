"""Couriers: everything due gets there once, the newest only, and a partner who is away keeps nobody else waiting."""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta
from threading import Event, Thread

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col, select
from standardwebhooks import Webhook

from app import clock, db
from app.config import Settings, from_env
from app.events import backlog, outbox, unsent
from app.events.outbox import LEASE, MAX_ATTEMPTS, OutboxMessage, OutboxState
from app.oms import availability, channel, inventory, posting, push
from app.oms.availability import Ats
from app.oms.channel import Channel
from app.oms.inventory import Reason
from app.webhooks import receiver
from app.webhooks.post import Post
from app.webhooks.receiver import Receiver
from jobs.couriers import Couriers
from tests.oms.shop import Shop, open_shop
from tests.plans import explained
from tests.webhooks.partner import Partner, listening

SETTINGS = from_env({"SECRET_KEY": "k" * 32})
MINUTE = timedelta(minutes=1)
WEB = "channel:web"


@pytest.fixture
def couriers() -> Couriers:
    return Couriers(SETTINGS)


@pytest.fixture
def shop(database: db.Database, partner: Partner, nine: datetime) -> Shop:
    """Two items, both of which the channel has to be told of."""
    with db.transaction() as session:
        shop = open_shop(session, nine)
        channel.open_channel(session, Channel(code="web", name="Web"))
        availability.catch_up(session, at=nine)
        name(session, WEB, partner.url, nine)
        push.post_due(session, at=nine)
    return shop


def name(session: Session, who: str, url: str, at: datetime) -> None:
    receiver.name(session, who, url, is_demo=True, at=at)


def sell(shop: Shop, at: datetime, quantity: int = 1) -> None:
    with db.transaction() as session:
        inventory.record(session, [shop.stock(shop.milk, -quantity)], shop.cause(Reason.SALE))
        availability.catch_up(session, at=at)
        push.post_due(session, at=at)


def refund(number: int, at: datetime) -> None:
    with db.transaction() as session:
        due = {"order": "1", "amount_minor": number, "currency": "GBP", "reference": f"refund/{number}"}
        outbox.post(session, topic="payment", dedupe=f"refund/{number}", payload=due, at=at, due_at=at)


def messages() -> list[OutboxMessage]:
    with db.reading() as session:
        return list(session.exec(select(OutboxMessage).order_by(col(OutboxMessage.id))))


def states() -> list[OutboxState]:
    return [message.state for message in messages()]


def known(who: str = WEB) -> Receiver:
    with db.reading() as session:
        return session.exec(select(Receiver).where(Receiver.name == who)).one()


def test_what_is_due_arrives_once_in_one_letter_and_is_acknowledged(
    shop: Shop, partner: Partner, couriers: Couriers, nine: datetime
):
    assert couriers.errand(WEB, nine) == 2
    assert couriers.errand(WEB, nine + MINUTE) == 0

    [letter] = partner.letters
    assert sorted(letter.numbers) == [("BREAD", "4"), ("MILK", "10")]
    assert states() == [OutboxState.SENT] * 2
    with db.reading() as session:
        assert session.exec(select(Ats.acked_version)).all() == session.exec(select(Ats.pushed_version)).all()
    assert known().heard_at == nine


def test_a_letter_can_be_proved_to_be_ours(shop: Shop, partner: Partner, couriers: Couriers):
    at = clock.now()
    couriers.errand(WEB, at)

    [secret] = known().secrets([SETTINGS.secret_key], at=at)
    said = Webhook(secret).verify(partner.letters[0].body, partner.letters[0].headers)
    assert said["data"]["channel"] == "web"


def test_more_than_a_hundred_numbers_are_more_than_one_letter(
    shop: Shop, partner: Partner, couriers: Couriers, nine: datetime
):
    couriers.errand(WEB, nine)
    with db.transaction() as session:
        for number in range(230):
            refused = {"channel": "web", "sku": "MILK", "quantity": "1", "unit": "each", "version": 2, "as_of": "-"}
            outbox.post(session, topic="availability", receiver=WEB, dedupe=f"n/{number}", payload=refused, at=nine,
                        due_at=nine)  # fmt: skip
        milk = session.exec(select(Ats).where(Ats.item_id == shop.milk)).one()
        milk.pushed_version, milk.acked_version = 2, 0

    assert couriers.errand(WEB, nine) == 100
    assert [len(letter.numbers) for letter in partner.letters] == [2, 100]
    assert states().count(OutboxState.SUPPRESSED) == 130


def test_only_the_newest_number_leaves(shop: Shop, partner: Partner, couriers: Couriers, nine: datetime):
    for minute in (1, 2, 3):
        sell(shop, nine + minute * MINUTE)

    couriers.errand(WEB, nine + 4 * MINUTE)

    assert [sorted(letter.numbers) for letter in partner.letters] == [[("BREAD", "4"), ("MILK", "7")]]
    gone, kept = OutboxState.SENT, OutboxState.SUPPRESSED
    assert states() == [kept, gone, kept, kept, gone]


def test_one_that_is_away_is_asked_again_later_and_its_messages_lose_no_attempt(
    shop: Shop, partner: Partner, couriers: Couriers, nine: datetime
):
    partner.answers = [503] * 9
    at = nine
    for _ in range(9):
        couriers.errand(WEB, at)
        couriers.errand(WEB, at)
        paused_until = known().paused_until
        assert paused_until is not None
        at = paused_until

    assert (len(partner.letters), known().failures) == (9, 9)
    assert {(message.state, message.attempts) for message in messages()} == {(OutboxState.PENDING, 0)}
    assert couriers.errand(WEB, at) == 2
    assert (known().failures, known().paused_until, states()) == (0, None, [OutboxState.SENT] * 2)


def test_one_that_asks_for_peace_gets_it(shop: Shop, partner: Partner, couriers: Couriers, nine: datetime):
    partner.answers, partner.headers = [429], {"Retry-After": "300"}

    couriers.errand(WEB, nine)

    paused_until = known().paused_until
    assert paused_until is not None
    assert 5 * MINUTE <= paused_until - nine <= 6.25 * MINUTE


def test_a_message_nobody_can_read_is_found_and_given_up_and_the_others_arrive(
    shop: Shop, partner: Partner, couriers: Couriers, nine: datetime
):
    partner.refuses = "BREAD"
    at: datetime | None = nine
    while at is not None:
        couriers.errand(WEB, at + MINUTE)
        with db.reading() as session:
            at = backlog.oldest_due(session)

    assert [sorted(letter.numbers) for letter in partner.letters].count([("MILK", "10")]) == 1
    assert sorted(states()) == [OutboxState.FAILED, OutboxState.SENT]
    with db.reading() as session:
        [dead] = unsent.dead(session, receiver=WEB)
    assert (dead.payload["sku"], dead.attempts, dead.last_error) == ("BREAD", MAX_ATTEMPTS, "It answered 422.")
    assert known().failures == 0


def test_what_was_given_up_arrives_under_the_same_id_when_it_is_sent_again(
    shop: Shop, partner: Partner, couriers: Couriers, nine: datetime
):
    refund(7, nine)
    with db.transaction() as session:
        name(session, "payment", partner.url, nine)
    partner.answers = [422] * MAX_ATTEMPTS
    at = nine
    for _ in range(MAX_ATTEMPTS):
        couriers.errand("payment", at)
        at += 15 * MINUTE
    with db.transaction() as session:
        [dead] = unsent.dead(session)
        unsent.replay(session, [dead.id], at=at)

    assert couriers.errand("payment", at) == 1

    assert {letter.headers["webhook-id"] for letter in partner.letters} == {partner.letters[0].headers["webhook-id"]}
    assert partner.letters[-1].said["data"]["reference"] == "refund/7"


def test_a_refund_nobody_takes_yet_waits_for_nobody_and_leaves_when_somebody_does(
    shop: Shop, partner: Partner, couriers: Couriers, nine: datetime
):
    refund(1, nine)
    couriers.errand("payment", nine)
    held = messages()[-1]

    with db.transaction() as session:
        name(session, "payment", partner.url, nine + MINUTE)
    couriers.errand("payment", nine + MINUTE)

    assert (held.state, held.last_error) == (OutboxState.SUPPRESSED, unsent.NOBODY)
    assert [letter.said["data"]["reference"] for letter in partner.letters] == ["refund/1"]


def test_a_courier_who_never_came_back_is_followed_by_another_after_the_lease(
    shop: Shop, partner: Partner, couriers: Couriers, nine: datetime
):
    with db.transaction() as session:
        assert len(outbox.claim(session, at=nine, receiver=WEB)) == 2

    assert couriers.errand(WEB, nine + LEASE - timedelta(seconds=1)) == 0
    assert couriers.errand(WEB, nine + LEASE) == 2


def test_many_couriers_at_once_carry_each_message_once(
    shop: Shop, partner: Partner, couriers: Couriers, nine: datetime
):
    for number in range(30):
        refund(number, nine)
    with db.transaction() as session:
        name(session, "payment", partner.url, nine)
    out = [Thread(target=couriers.errand, args=("payment", nine)) for _ in range(4)]
    for courier in out:
        courier.start()
    for courier in out:
        courier.join()

    assert sorted(letter.said["data"]["amount_minor"] for letter in partner.letters) == list(range(30))
    assert states()[-30:] == [OutboxState.SENT] * 30


def test_a_back_office_fetches_its_postings_until_it_has_an_address_and_taking_them_is_booking_them(
    shop: Shop, partner: Partner, couriers: Couriers, nine: datetime
):
    with db.transaction() as session:
        posting.open_office(session, "erp", at=nine)
        inventory.record(session, [shop.stock(shop.milk, -2)], shop.cause(Reason.COLLECTED))
    couriers.errand("office:erp", nine)
    with db.transaction() as session:
        assert len(posting.waiting(session, "erp")) == 1
        name(session, "office:erp", partner.url, nine)

    assert couriers.errand("office:erp", nine) == 1

    [told] = partner.letters[-1].said["data"]["postings"]
    assert (told["sku"], told["delta"], partner.letters[-1].said["type"]) == (
        "MILK", "-2", "org.readyshelf.inventory.posted.v1"
    )  # fmt: skip
    with db.reading() as session:
        assert posting.waiting(session, "erp") == []


def test_no_courier_looks_through_other_queues_or_what_has_left(
    shop: Shop, partner: Partner, couriers: Couriers, nine: datetime
):
    with db.transaction() as session:
        for number in range(900):
            to = ("mail", "payment", "node:014")[number % 3]
            outbox.post(session, topic=to, dedupe=f"n/{number}", payload={}, at=nine, due_at=nine)
        outbox.change(session, col(OutboxMessage.receiver) == "payment", {"state": OutboxState.SENT, "due_at": None})
        name(session, "payment", partner.url, nine)
        if not db.is_sqlite():
            session.execute(sa.text("ANALYZE outbox_message"))
    with explained() as plans:
        couriers.turn(nine)
        assert couriers.are_back(10)
        for receiver in (WEB, "payment", "node:014"):
            couriers.errand(receiver, nine)

    assert plans.whole_readings == []


@pytest.fixture
def silent_partner() -> Iterator[Partner]:
    with ExitStack() as stack:
        partner = stack.enter_context(listening())
        partner.holds = Event()
        yield partner


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_partner_who_keeps_silent_holds_up_no_other(
    shop: Shop, partner: Partner, silent_partner: Partner, nine: datetime
):
    couriers = Couriers(SETTINGS, Post(SETTINGS.webhook_networks, within_s=5))
    refund(1, nine)
    with db.transaction() as session:
        name(session, "payment", silent_partner.url, nine)

    couriers.turn(nine)
    assert silent_partner.was_asked.wait(5)
    assert partner.was_asked.wait(5)
    partner.was_asked.clear()
    sell(shop, nine + MINUTE)
    couriers.turn(nine + MINUTE)
    while not partner.was_asked.wait(0.02):  # the first courier to them may be on the way home
        couriers.turn(nine + MINUTE)

    assert partner.letters[-1].numbers == [("MILK", "9")]
    assert len(silent_partner.letters) == 1
    couriers.stop()
    assert silent_partner.holds is not None
    silent_partner.holds.set()
    assert couriers.are_back(5)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_nobody_sets_out_after_the_stop(shop: Shop, partner: Partner, couriers: Couriers, nine: datetime):
    couriers.stop()

    couriers.turn(nine)

    assert (couriers.are_back(0), partner.letters) == (True, [])


def test_a_secret_is_made_from_the_key_and_stands_nowhere(shop: Shop, nine: datetime):
    settings = Settings(database_url="-", secret_key="k" * 32)
    [secret] = known().secrets([settings.secret_key], at=nine)
    with db.reading() as session:
        kept = str(session.exec(select(Receiver)).one().model_dump())

    assert len(secret) == 32
    assert settings.secret_key not in kept
    assert secret.hex() not in kept
