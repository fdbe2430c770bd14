"""The three hours before the demo's first look at the board: each order's story, all told in the order of time."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random

from sqlmodel import Session, select

from app import db
from app.oms.order import Order
from app.oms.placing import LineRequest
from app.people.store import Store, opening_hours
from app.pickup import escalation, task
from seed import colleagues, demo_goods, demo_towns, shopping

LENGTH = timedelta(hours=3)
TOGETHER = 12
COLLECTED = ("picked", "staged", "here", "collected")
SENT = ("picked", "packed", "sent")
A_DAY = 24 * 60
Deed = Callable[[Session, datetime], None]
Act = Callable[[Session, int, int, datetime], None]


@dataclass
class Story:
    """One order: how many minutes ago it was placed, in how many it is promised, and how far it has come."""

    store: str
    ago: float
    promised_in: float
    reached: str = "new"
    lines: int = 2
    """How many things; a story that reached "picking" has one of them still to be picked."""
    kind: str = "plain"
    is_short: bool = False
    is_ship: bool = False
    here: float = 0
    number: str = ""
    task_id: int = 0
    who: int = 0
    basket: tuple[LineRequest, ...] = field(default_factory=tuple)

    @property
    def units(self) -> int:
        return sum(line.quantity for line in self.basket)


SCENE = (
    Story("118", 3, 114), Story("118", 1.2, 124, lines=4), Story("118", 0.3, 144, lines=1, kind="id"),
    Story("118", 95, -4, "picking", 3), Story("118", 60, 9, "picking", 4, is_short=True),
    Story("118", 44, 26, "accepted", 4, "cold"), Story("118", 38, 41, "accepted"),
    Story("118", 26, 54, "accepted", 3), Story("118", 14, 70, "accepted", 1),
    Story("118", 80, 12, "picked", 3), Story("118", 66, 33, "picked", 2, "cold"),
    Story("118", 150, -20, "here", 2, here=3), Story("118", 140, -5, "here", 1, "id", here=1),
    *(Story("118", ago, 20, "staged", 1 + ago % 3) for ago in (176, 165, 152, 131, 118, 104)),
    *(Story("118", ago, ago - 160, "collected", 1 + ago % 2) for ago in (178, 171, 160, 149, 137, 122)),
    Story("118", 33, 60, lines=1, kind="sold out"),
    Story("204", 22, 98), Story("204", 9, 111), Story("204", 2, 118, lines=3),
    Story("204", 50, 40, "picking", 3), Story("204", 110, 10, "staged"), Story("204", 160, -40, "collected"),
    Story("204", 100, 5, "here", 1, here=6),
    *(Story(store, ago, 120 - ago, reached)
      for store in ("311", "427")
      for ago, reached in ((2, "new"), (31, "accepted"), (48, "picking"),
                           (75, "picked"), (90, "staged"), (130, "collected"))),
    *(Story("118", ago, 2 * A_DAY, reached, lines, is_ship=True)
      for ago, reached, lines in ((2.2, "new", 2), (31, "accepted", 2), (70, "picked", 1), (105, "packed", 2),
                                  (168, "sent", 3))),
    Story("204", 12, 2 * A_DAY, "accepted", is_ship=True), Story("204", 88, 2 * A_DAY, "packed", is_ship=True),
)  # fmt: skip


def play(at: datetime) -> None:
    """Every deed of every story and every rung of the ladder at its own instant."""
    dice = Random("readyshelf")  # noqa: S311 - the same story on every machine
    with db.reading() as session:
        staff, opened = _staff(session), _opened(session, at)
    stories = [replace(story) for story in SCENE if at - timedelta(minutes=story.ago) >= opened[story.store]]
    deeds: list[tuple[datetime, int, Deed]] = []
    for turn, story in enumerate(stories):
        story.number, story.basket = f"W-{4799 + turn}", _basket(dice, story)
        story.who = dice.choice(staff[story.store])
        deeds.extend((when, turn, deed) for when, deed in _deeds(story, at))
    deeds.sort(key=lambda deed: deed[:2])
    for start in range(0, len(deeds), TOGETHER):
        with db.transaction() as session:
            for when, _, deed in deeds[start : start + TOGETHER]:
                deed(session, when)


def _deeds(story: Story, at: datetime) -> Iterator[tuple[datetime, Deed]]:
    placed = at - timedelta(minutes=story.ago)

    def after(minutes: float) -> datetime:
        return placed + timedelta(minutes=minutes)

    def by(act: Act) -> Deed:
        return lambda session, when: act(session, story.task_id, story.who, when)

    def place(session: Session, when: datetime) -> None:
        order = _placed(session, story, promised_at=at + timedelta(minutes=story.promised_in), at=when)
        opened = task.all_of(session, order.id)
        story.task_id = opened[0].id if opened else 0

    yield placed, place
    if story.reached == "new":
        yield from ((after(due), _climb) for due in (5.05, 15.1) if due < story.ago)
        return
    yield after(2 + story.ago % 2), by(colleagues.accept)
    if story.reached == "accepted":
        return
    to_pick = story.units if story.reached in (*COLLECTED, *SENT) else story.units - 1 - story.is_short
    yield from ((after(5 + 0.7 * turn), by(colleagues.pick_one)) for turn in range(to_pick))
    if story.is_short:
        yield after(12), by(colleagues.miss_one)
    if story.promised_in < 0 and story.reached == "picking":
        yield at + timedelta(minutes=story.promised_in), _tell_late
    yield from _last_deeds(story, at, by)


def _placed(session: Session, story: Story, *, promised_at: datetime, at: datetime) -> Order:
    if story.is_ship:
        town = demo_towns.TOWNS[story.store]
        return shopping.order_sent(session, town, story.basket, number=story.number, promised_at=promised_at, at=at)
    return shopping.order(session, story.store, story.basket, number=story.number, promised_at=promised_at, at=at)


def _last_deeds(story: Story, at: datetime, by: Callable[[Act], Deed]) -> Iterator[tuple[datetime, Deed]]:
    """From the shelf to the customer, or from the parcel to the carrier."""
    placed = at - timedelta(minutes=story.ago)
    if story.reached in SENT[1:]:
        yield placed + timedelta(minutes=20 + story.ago % 7), by(colleagues.pack)
    if story.reached == SENT[2]:
        yield placed + timedelta(minutes=75), by(colleagues.give_to_carrier)
    if story.reached in COLLECTED[1:]:
        yield placed + timedelta(minutes=15 + story.ago % 7), by(colleagues.put_on_shelf)
    if story.reached in COLLECTED[2:]:
        here = story.here or story.ago * 0.4
        yield at - timedelta(minutes=here), by(colleagues.come)
        if story.reached == "collected":
            yield at - timedelta(minutes=here - 3 - story.ago % 4), by(colleagues.give)


def _climb(session: Session, at: datetime) -> None:
    for task_id in escalation.due(session, at):
        escalation.escalate(session, task_id, at=at)


def _tell_late(session: Session, at: datetime) -> None:
    for task_id in escalation.late_due(session, at):
        escalation.tell_late(session, task_id, at=at)


def _basket(dice: Random, story: Story) -> tuple[LineRequest, ...]:
    """`lines` things, one of each; the first says what kind of order it is."""
    goods = demo_goods.items()
    plain = [item for item in goods if not (item.is_cold or item.needs_id or item.name == demo_goods.SOLD_OUT)]
    first = {
        "cold": [item for item in goods if item.is_cold], "id": [item for item in goods if item.needs_id],
        "sold out": [item for item in goods if item.name == demo_goods.SOLD_OUT], "plain": plain,
    }[story.kind]  # fmt: skip
    chosen = dice.choice(first)
    others = dice.sample([item for item in plain if item is not chosen], story.lines - 1)
    return tuple(LineRequest(sku=item.sku, quantity=1, unit_price_minor=item.price_minor) for item in (chosen, *others))


def _staff(session: Session) -> dict[str, list[int]]:
    return {store.code: colleagues.staff_of(session, store.id) for store in session.exec(select(Store))}


def _opened(session: Session, at: datetime) -> dict[str, datetime]:
    """Since when each shop has been open; one that is closed tells no story, so its doors opened after all of them."""
    since = {}
    for store in session.exec(select(Store)):
        opens, closes = next(openings := opening_hours(session, store).openings(at - LENGTH))
        while closes < at and (following := next(openings, None)) and following[0] == closes:
            closes = following[1]  # day and night: midnight shuts no door
        since[store.code] = opens if closes >= at else at
    return since
