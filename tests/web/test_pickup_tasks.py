import re
from collections.abc import Iterator

import pytest

from app import db
from app.clock import now
from app.events import log
from app.oms import order as orders
from app.oms.node import Node, NodeKind
from app.oms.payment import PaymentState
from app.people.associate import Role
from app.people.store import Store
from app.pickup.staging import StagingLocation
from app.pickup.task_status import TaskStatus
from tests.web.shop_floor import BREAD, HTMX, MILK, PLAIN, Floor, open_floor

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def floor(database: db.Database, database_url: str) -> Iterator[Floor]:
    yield open_floor(database_url)
    log.react_with({})


def post(tablet, task_id: int, noun: str, **form: object):
    return tablet.post(f"/pickup-tasks/{task_id}/{noun}", data=form, headers=HTMX)


def undo(tablet):
    """Whatever the undo slot offers."""
    slot = re.search(r'id="undo">\s*<form method="post" action="([^"]+)"', tablet.get("/").text)
    assert slot, "the slot offers nothing"
    return tablet.post(slot[1], headers=HTMX)


def pick_all(tablet, task_id: int) -> None:
    for code in (MILK, MILK, BREAD):
        reply = post(tablet, task_id, "picks", code=code)
        assert reply.status_code == 200, reply.text


def test_every_act_is_answered_with_the_card_and_the_undo_slot(floor: Floor):
    tablet, task_id = floor.tablet(), floor.order()

    reply = post(tablet, task_id, "acknowledgement")

    assert reply.status_code == 200
    assert f'id="task-{task_id}"' in reply.text
    assert "accepted</bdi>" in reply.text
    assert 'data-lane="pick"' in reply.text


def test_the_second_of_two_people_reads_who_was_first(floor: Floor):
    maya, ben, task_id = floor.tablet(), floor.tablet("Ben Ash"), floor.order()

    post(maya, task_id, "acknowledgement")
    refused = post(ben, task_id, "acknowledgement")

    assert refused.status_code == 409
    assert "already being picked by Maya R." in refused.text
    assert f'id="task-{task_id}"' in refused.text


def test_an_order_goes_from_tap_to_hand_off_and_every_act_can_be_taken_back(floor: Floor):
    tablet, task_id = floor.tablet(role=Role.STORE_LEAD), floor.order()
    acts = [
        ("acknowledgement", {}, "accepted", "requested"),
        ("picks", {"code": MILK}, "picking", "accepted"),
    ]

    for noun, form, after, before in acts:
        assert post(tablet, task_id, noun, **form).status_code == 200
        assert floor.task(task_id).status == after
        assert undo(tablet).status_code == 200
        assert floor.task(task_id).status == before
        assert post(tablet, task_id, noun, **form).status_code == 200
    for code in (MILK, BREAD):
        assert post(tablet, task_id, "picks", code=code).status_code == 200
    assert "staged on S-09" in post(tablet, task_id, "staging", code="LOC-S-09").text
    assert undo(tablet).status_code == 200
    assert floor.task(task_id).status == "picked"
    assert post(tablet, task_id, "staging", code="LOC-S-09").status_code == 200
    assert post(tablet, task_id, "handover", code=floor.code(task_id)).status_code == 200
    assert floor.task(task_id).status == "collected"
    assert undo(tablet).status_code == 200
    assert floor.task(task_id).status == "staged"


def test_a_short_is_said_with_a_reason_and_can_be_taken_back(floor: Floor):
    tablet, task_id = floor.tablet(), floor.order()
    line = floor.task(task_id).order.lines[1]
    post(tablet, task_id, "acknowledgement")

    assert post(tablet, task_id, "shorts", line_id=line.id, reason="bored").status_code == 422
    said = post(tablet, task_id, "shorts", line_id=line.id, reason="not found")
    assert "1 item not found" in said.text
    assert undo(tablet).status_code == 200

    assert floor.task(task_id).order.lines[1].short == 0


def test_a_label_that_will_not_scan_is_typed(floor: Floor):
    tablet, task_id = floor.tablet(), floor.order()
    line = floor.task(task_id).order.lines[0]

    assert post(tablet, task_id, "picks", line_id=line.id, ending="9999").status_code == 422
    assert post(tablet, task_id, "picks", line_id=line.id, ending=MILK[-4:]).status_code == 200


def test_a_shelf_of_another_store_is_refused(floor: Floor):
    tablet, task_id = floor.tablet(), floor.order()
    other_store(floor)
    pick_all(tablet, task_id)

    refused = post(tablet, task_id, "staging", code="LOC-Z-01")

    assert refused.status_code == 409
    assert "not a pickup shelf of this store" in refused.text


def test_a_task_of_another_store_is_not_there(floor: Floor):
    task_id = floor.order()
    stranger = floor.tablet("Zoe Far", store_id=other_store(floor))

    assert post(stranger, task_id, "acknowledgement").status_code == 404
    assert stranger.get(f"/pickup-tasks/{task_id}").status_code == 404


def test_a_wrong_code_is_counted_and_after_five_a_lead_decides(floor: Floor):
    tablet, lead, task_id = floor.tablet(), floor.tablet("Lea Dunn", Role.STORE_LEAD), floor.order()
    pick_all(tablet, task_id)
    post(tablet, task_id, "staging", code="S-09")

    tries = [post(tablet, task_id, "handover", code="1001-ZZZZ").status_code for _ in range(5)]

    assert tries == [422] * 5
    assert post(tablet, task_id, "handover", code=floor.code(task_id)).status_code == 409
    assert post(tablet, task_id, "handover", reason="saw her card").status_code == 403
    assert post(lead, task_id, "handover", reason=" ").status_code == 422
    assert post(lead, task_id, "handover", reason="saw her card").status_code == 200


def test_all_new_orders_are_accepted_at_once(floor: Floor):
    tablet, _ = floor.tablet(), [floor.order(f"A-{n}") for n in range(3)]

    reply = tablet.post("/pickup-tasks/acknowledgements", data={"of": 3}, headers=HTMX)

    assert "3 of 3 accepted." in reply.text


def test_an_order_that_waits_for_its_payment_keeps_no_other_from_being_accepted(floor: Floor):
    tablet, unpaid, paid = floor.tablet(), floor.order("A-1"), floor.order("A-2")
    with db.transaction() as session:
        order = orders.locked(session, floor.task(unpaid).order_id)
        order.pay(PaymentState.FAILED, actor="payments", at=now())

    reply = tablet.post("/pickup-tasks/acknowledgements", data={"of": 2}, headers=HTMX)

    assert "1 of 2 accepted." in reply.text
    assert [floor.task(each).status for each in (unpaid, paid)] == [TaskStatus.REQUESTED, TaskStatus.ACCEPTED]


def test_without_scripts_an_act_leads_back_to_its_page(floor: Floor):
    tablet, task_id = floor.tablet(), floor.order()

    reply = tablet.post(f"/pickup-tasks/{task_id}/acknowledgement", headers=PLAIN)

    assert (reply.status_code, reply.location) == (303, "/")


def test_the_page_of_an_order_tells_what_happened(floor: Floor):
    tablet, task_id = floor.tablet(), floor.order()
    pick_all(tablet, task_id)

    shown = tablet.get(f"/pickup-tasks/{task_id}")

    assert shown.status_code == 200
    assert "Maya R. picked Milk, scanned" in shown.text


def other_store(floor: Floor) -> int:
    with db.transaction() as session:
        node = Node(kind=NodeKind.STORE, code="099", name="Far")
        session.add(node)
        session.flush()
        session.add(Store(id=node.id, region_id=1, code="099", name="Far", time_zone="Europe/London"))
        session.flush()
        session.add(StagingLocation(store_id=node.id, code="Z-01"))
        return node.id
