"""Whatever is done in whatever order: nobody is told "ready" while no bag stands on a shelf."""

import contextlib
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from email.message import EmailMessage
from itertools import count

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app import db
from app.notices import delivery
from app.notices.smtp import TemporaryFailure
from app.oms.order import Order
from app.pickup import staging
from app.pickup import task as tasks
from app.refusals import Refusal
from jobs.relay import relay
from tests.notices.counter import SETTINGS, Counter

ACTS = ["stage", "move", "take back", "hand over", "take hand-over back", "cancel", "relay", "relay while away"]
STEPS = st.lists(st.tuples(st.sampled_from(ACTS), st.integers(0, 45)), max_size=14)

number = count(1)


class Watchful:
    """Looks at the shelf in the very moment a letter leaves."""

    def __init__(self) -> None:
        self.is_away, self.wrong = False, 0

    def send(self, message: EmailMessage) -> None:
        told = re.match(r"<order-(\d+)\.ready", message["Message-ID"])
        if told:
            with db.reading() as session:
                task = tasks.of_order(session, int(told[1]))
                self.wrong += task is None or staging.standing(session, task.id) is None
        if self.is_away:
            raise TemporaryFailure("away")


def act(name: str, counter: Counter, order: Order, at: datetime) -> None:
    verbs: dict[str, Callable[..., object]] = {
        "stage": counter.stage,
        "move": lambda session, order, at: counter.stage(session, order, at=at, shelf="S-02"),
        "take back": counter.take_back,
        "hand over": counter.hand_over,
        "take hand-over back": counter.take_handover_back,
        "cancel": counter.cancel,
    }
    with contextlib.suppress(Refusal), db.transaction() as session:
        verbs[name](session, order, at=at)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_no_course_of_events_tells_of_a_bag_that_is_not_on_a_shelf(
    counter: Counter, nine: datetime, steps: list[tuple[str, int]]
):
    at = nine
    with db.transaction() as session:
        order = counter.place(session, at=at, external_id=f"P-{next(number)}")
    watch = Watchful()

    for name, seconds in steps:
        at += timedelta(seconds=seconds)
        if name.startswith("relay"):
            watch.is_away = name.endswith("away")
            relay(at, transport=watch, settings=SETTINGS)
        else:
            act(name, counter, order, at)

    with db.reading() as session:
        assert delivery.before_staging(session) == 0
    assert watch.wrong == 0
