"""CloudEvents 1.0 over HTTP: structured, binary and batched, read into the inbox's own messages."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal
from urllib.parse import unquote

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.events import inbox
from app.events.inbox import InboxState, Message
from app.web.api_fields import Instant, Name

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
PLAIN = "application/json"
PREFIX = "ce-"
MOST_AT_ONCE = 1000


class Unfit(Exception):
    """Not an event, or none we can keep apart from others."""


class CloudEvent(BaseModel):
    """The attributes we go by; a source may add extensions of its own, which we leave alone."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")

    specversion: Literal["1.0"]
    id: Name
    source: Name
    type: Name
    time: Instant | None = None
    subject: Name | None = None
    sequence: Annotated[str, Field(pattern=r"^[0-9]{1,18}$")] | None = None
    datacontenttype: Literal["application/json", "application/json; charset=utf-8"] | None = None
    data: dict[str, Any]

    def message(self) -> Message:
        return Message(
            source=self.source, message_id=self.id, type=self.type, subject=self.subject, occurred_at=self.time,
            sequence=int(self.sequence) if self.sequence is not None else None, payload=inbox.written(self.data),
        )  # fmt: skip


class ResultOut(BaseModel):
    """What became of one event: `applied`, `duplicate` (and of what its `first` was), `stale`, `rejected` with words,
    `quarantined` for a person to look at, or `received`: kept, and tried again."""

    id: str | None
    state: InboxState
    words: str
    first: InboxState | None = None


class ResultsOut(BaseModel):
    """One result for each event, in the order they were sent."""

    results: list[ResultOut]


def read(said: object) -> Message:
    """One event, or why it is none, in words for whoever sends it."""
    try:
        return CloudEvent.model_validate(said).message()
    except ValidationError as wrong:
        found = wrong.errors(include_input=False, include_url=False)
        words = [f"{'.'.join(map(str, each['loc'])) or 'event'}: {each['msg']}" for each in found]
        raise Unfit("; ".join(words)[:500]) from wrong


def of_headers(headers: Iterable[tuple[str, str]], content_type: str, data: object) -> Mapping[str, object]:
    """The binary mode: attributes in headers, the content alone in the body."""
    names = {name.lower().removeprefix(PREFIX): unquote(value) for name, value in headers
             if name.lower().startswith(PREFIX)}  # fmt: skip
    return {**names, "datacontenttype": content_type, "data": data}
