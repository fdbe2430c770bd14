"""What other systems read: one body for many numbers, signed so that they can tell it is ours."""

from datetime import timedelta

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from app import clock
from app.events.outbox import OutboxMessage
from app.webhooks import letter
from app.webhooks.receiver import Receiver

KEYS = ("k" * 32, "the key before" * 3)


def number(sku: str, version: int = 1, minute: int = 0) -> OutboxMessage:
    payload = {"channel": "web", "sku": sku, "quantity": "3", "unit": "each", "version": version, "as_of": "-"}
    return OutboxMessage(topic="availability", receiver="channel:web", dedupe=f"availability/web/{sku}/{version}",
                         payload=payload, due_at=None, posted_at=clock.now() + timedelta(minutes=minute))  # fmt: skip


def test_many_numbers_make_one_letter_which_is_the_same_each_time():
    messages = [number("MILK", minute=1), number("BRÖT", 2)]

    first, again = letter.compose(messages), letter.compose(messages)

    assert first == again
    assert first.id != letter.compose(messages[:1]).id
    assert first.id.isascii()
    assert '"type":"org.readyshelf.availability.changed.v1"' in first.body
    assert '"channel":"web","availability":[{"sku":"MILK","quantity":"3"' in first.body


def test_a_refund_travels_by_itself_and_says_what_is_due():
    due = {"order": "7", "amount_minor": 150, "currency": "GBP", "reference": "order/7:refund:1"}
    message = OutboxMessage(topic="payment", receiver="payment", dedupe="order/7:refund:1", payload=due, due_at=None,
                            posted_at=clock.now())  # fmt: skip

    assert '"type":"org.readyshelf.payment.refund.due.v1"' in letter.compose([message]).body
    assert '"data":{"order":"7","amount_minor":150' in letter.compose([message]).body


def test_whoever_has_the_secret_or_the_one_before_can_tell_that_it_is_ours():
    at = clock.now()
    receiver = Receiver(name="payment", url="-", salt="now", old_salt="before", old_salt_until=at + timedelta(days=1),
                        set_at=at)  # fmt: skip
    composed = letter.compose([number("MILK")])
    headers = dict(composed.headers(receiver.secrets(KEYS, at=at), at=at))

    for salt in ("now", "before"):
        for key in KEYS:
            [secret] = Receiver(name="payment", url="-", salt=salt, set_at=at).secrets([key], at=at)
            Webhook(secret).verify(composed.body, headers)
    [stranger] = Receiver(name="channel:web", url="-", salt="now", set_at=at).secrets(KEYS[:1], at=at)
    with pytest.raises(WebhookVerificationError):
        Webhook(stranger).verify(composed.body, headers)
    assert len(receiver.secrets(KEYS, at=at + timedelta(days=1))) == len(KEYS)
