"""What a receiver reads: one body of JSON for one or many messages, and the headers that prove it is ours."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from app.events.outbox import OutboxMessage
from app.oms import asking, payment, posting, push

MOST_TOGETHER = 100
MANY = {push.TOPIC: "availability", posting.TOPIC: "postings"}
"""Of these topics many messages travel together, under this name; of others each by itself."""
TYPES = {
    push.TOPIC: "org.readyshelf.availability.changed.v1",
    payment.TOPIC: "org.readyshelf.payment.refund.due.v1",
    posting.TOPIC: "org.readyshelf.inventory.posted.v1",
    asking.TOPIC: "org.readyshelf.fulfilment.asked.v1",
}


@dataclass(frozen=True)
class Letter:
    """One POST: what stands in it, and under which id; the same messages make the same letter, however often."""

    id: str
    body: str

    def headers(self, secrets: Iterable[bytes], *, at: datetime) -> Mapping[str, str]:
        """As Standard Webhooks has it: a signature by each secret that still holds."""
        from standardwebhooks import Webhook  # a process that tells nobody anything needs it not

        signed = [Webhook(secret).sign(self.id, at, self.body) for secret in secrets]
        return {
            "content-type": "application/json", "user-agent": "Readyshelf", "webhook-id": self.id,
            "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": " ".join(signed),
        }  # fmt: skip


def compose(messages: Sequence[OutboxMessage]) -> Letter:
    """All of one topic, in the order they were posted."""
    topic = kind(messages[0])
    said = [message.payload for message in messages]
    body = {
        "type": TYPES.get(topic, f"org.readyshelf.{topic}.v1"),
        "timestamp": _utc(max(message.posted_at for message in messages)),
        "data": _listed(said, MANY[topic]) if topic in MANY else said[0],
    }
    named = "\n".join(sorted(message.dedupe for message in messages))
    return Letter("msg_" + sha256(named.encode()).hexdigest()[:32], json.dumps(body, separators=(",", ":")))


def kind(message: OutboxMessage) -> str:
    """Of a topic that is said once for each office, what all of them have in common."""
    return message.topic.partition("/")[0]


def most_together(message: OutboxMessage) -> int:
    return MOST_TOGETHER if kind(message) in MANY else 1


def _listed(said: Sequence[Mapping[str, Any]], name: str) -> dict[str, Any]:
    """The channel is named once."""
    common = {"channel": said[0]["channel"]} if "channel" in said[0] else {}
    return common | {name: [{key: value for key, value in each.items() if key not in common} for each in said]}


def _utc(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
