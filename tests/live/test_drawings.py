from datetime import datetime
from typing import Any

import pytest
from sqlmodel import Session

from app.events.log import Event
from app.live import drawings
from tests.notices.counter import open_counter
from tests.oms.shop import open_shop

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def occurred(kind: str, stream: str, at: datetime, **data: Any) -> Event:
    return Event(uid=kind, stream=stream, seq=7, kind=kind, at=at, actor="clock", subject="", data=data, hash="")


@on_sqlite
def test_what_changes_no_screen_is_not_sent(session: Session, nine: datetime):
    events = [occurred("OrderPlaced", "orders", nine), occurred("NoticeSent", "store/1", nine)]

    assert not drawings.draw(session, "orders", events[:1], nine)
    assert not drawings.draw(session, "store/1", events[1:], nine)


@on_sqlite
def test_a_problem_without_a_task_brings_the_board_as_far_as_its_event(session: Session, nine: datetime):
    shop = open_shop(session, nine)
    open_counter(session, shop)
    opened = occurred("CaseOpened", f"store/{shop.node_id}", nine, task_id=None)

    assert 'hx-swap="card version:7"></hx-partial>' in drawings.draw(session, opened.stream, [opened], nine)


def test_nothing_is_both_drawn_and_silent():
    assert not drawings.DRAWN & drawings.SILENT
