from dataclasses import fields, is_dataclass

import pytest

from app.events.log import DomainEvent
from app.live import drawings
from tests.house import everything

EVENTS = everything.kinds_of(DomainEvent)

each_event = pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.__name__)


@each_event
def test_an_event_cannot_be_changed_after_it_occurred(event: type[DomainEvent]):
    assert is_dataclass(event)
    assert event.__dataclass_params__.frozen  # type: ignore[attr-defined]


@each_event
def test_an_event_carries_the_id_of_what_it_is_about_and_nobodys_name(event: type[DomainEvent]):
    carried = {field.name for field in fields(event)}

    assert f"{event.about}_id" in carried
    assert not carried & {"name", "email", "phone", "address", "customer_name"}


def test_events_are_told_apart_by_their_names():
    names = [event.__name__ for event in EVENTS]

    assert len(names) == len(set(names))


def test_every_event_is_drawn_or_declared_silent():
    undecided = {event.__name__ for event in EVENTS if event not in drawings.DRAWN and event not in drawings.SILENT}

    assert not undecided


def test_no_event_is_both_drawn_and_silent():
    assert not set(drawings.DRAWN) & set(drawings.SILENT)
