"""The customer's address can't be guessed, the code can't be tried out, and both end with the order."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Barrier

import pytest
from sqlmodel import Session

from app import db
from app.pickup import handover, pickup_link
from app.pickup import task as tasks
from app.pickup.handover import CodeBlocked
from app.pickup.pickup_link import MOST_WRONG_CODES, PickupLink
from tests.notices.counter import Counter

KEY, OLD = "k" * 32, "o" * 32
BITS_OF_A_LETTER = 4


def link_of_new_order(session: Session, counter: Counter, at: datetime, name: str) -> PickupLink:
    order = counter.place(session, at=at, external_id=name)
    session.flush()
    return pickup_link.link_for(session, order.id)


def test_an_address_has_far_more_than_128_bits_that_nobody_knows(session: Session, nine: datetime, counter: Counter):
    links = [link_of_new_order(session, counter, nine, name) for name in ("A-1", "A-2")]

    secrets = [pickup_link.token(link, KEY).partition("-")[2].rstrip("=") for link in links]

    assert secrets[0] != secrets[1]
    assert all(len(secret) * BITS_OF_A_LETTER >= 160 for secret in secrets)


def test_only_the_whole_address_opens_the_page(session: Session, nine: datetime, counter: Counter):
    mine, other = (link_of_new_order(session, counter, nine, name) for name in ("A-1", "A-2"))
    right, theirs = pickup_link.token(mine, KEY), pickup_link.token(other, KEY).partition("-")[2]
    number, _, secret = right.partition("-")

    wrong = [f"{number}-{theirs}", f"{other.id}-{secret}", number, f"{number}-", f"0{right}x", right[:-2], f" {right}",
             f"{right}\0", f"99999999999-{secret}", f"2147483648-{secret}", f"-1-{secret}", "", "-", f"²-{secret}",
             f"{number}-{secret.upper()}", f"{number}-é"]  # fmt: skip

    assert pickup_link.by_token(session, right, [KEY]) is mine
    assert [given for given in wrong if pickup_link.by_token(session, given, [KEY]) is not None] == []


def test_an_address_outlives_a_change_of_the_key_for_as_long_as_the_old_one_is_honoured(
    session: Session, nine: datetime, counter: Counter
):
    link = link_of_new_order(session, counter, nine, "A-1")
    mailed = pickup_link.token(link, OLD)

    assert pickup_link.by_token(session, mailed, [KEY, OLD]) is link
    assert pickup_link.by_token(session, mailed, [KEY]) is None


def test_the_code_of_a_cancelled_order_collects_nothing(session: Session, nine: datetime, counter: Counter):
    order = counter.place(session, at=nine)
    task = counter.stage(session, order, at=nine)
    code = pickup_link.code(pickup_link.link_for(session, order.id), order.number, KEY)

    counter.cancel(session, order, at=nine)
    session.flush()

    with pytest.raises(CodeBlocked):
        handover.is_right_code(session, task, code, [KEY])


def test_the_code_of_another_order_is_a_wrong_one_and_counts(session: Session, nine: datetime, counter: Counter):
    task = counter.stage(session, counter.place(session, at=nine), at=nine)
    other = counter.place(session, at=nine, external_id="A-2")
    session.flush()
    foreign = pickup_link.code(pickup_link.link_for(session, other.id), other.number, KEY)
    letters = foreign.rpartition("-")[2]

    for said in (foreign, f"{task.order.number}-{letters}", letters, ""):
        assert not handover.is_right_code(session, task, said, [KEY])

    assert pickup_link.link_for(session, task.order_id).wrong_codes == 4
    assert pickup_link.link_for(session, other.id).wrong_codes == 0


def test_codes_tried_together_count_one_by_one(committed: Counter, nine: datetime):
    with db.transaction() as session:
        task_id = committed.stage(session, committed.place(session, at=nine), at=nine).id
    together = Barrier(8)

    def guess(_: int) -> bool:
        together.wait()
        try:
            with db.transaction() as session:
                handover.is_right_code(session, tasks.locked(session, task_id), "1000-AAAA", [KEY])
        except CodeBlocked:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(guess, range(8))).count(True) == MOST_WRONG_CODES
