import re
from collections.abc import Iterator

import pytest

from app import db
from app.clock import now
from app.events import log
from app.oms import order as orders
from app.oms import shipment
from app.pickup import handover, pickup_link
from app.pickup import task as tasks
from app.pickup.task_status import TaskStatus
from app.web import api_order
from tests.notices.counter import Counter
from tests.pickup.sending import order_sent, second_store
from tests.web.shop_floor import BREAD, HTMX, MILK, PLAIN, Floor, open_floor
from tests.web.test_board import queries_for

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
TRACKING = "1550 2938 47566"


@pytest.fixture
def floor(database: db.Database, database_url: str) -> Iterator[Floor]:
    yield open_floor(database_url)
    log.react_with({})


def ask(floor: Floor, **other: object) -> int:
    """The task of an order of two milk and a bread, to be sent from here."""
    with db.transaction() as session:
        order = order_sent(session, (floor.store_id, {floor.shop.milk: 2, floor.shop.bread: 1}), at=now(), **other)
        return order.id


def post(tablet, task_id: int, noun: str, **form: object):
    return tablet.post(f"/pickup-tasks/{task_id}/{noun}", data=form, headers=HTMX)


def picked(floor: Floor, tablet) -> int:
    task_id = ask(floor)
    for code in (MILK, MILK, BREAD):
        assert post(tablet, task_id, "picks", code=code).status_code == 200
    return task_id


def packed(floor: Floor, tablet, parcels: int = 1) -> int:
    task_id = picked(floor, tablet)
    assert post(tablet, task_id, "packing", parcels=parcels).status_code == 200
    return task_id


def undo(tablet):
    slot = re.search(r'id="undo">\s*<form method="post" action="([^"]+)"', tablet.get("/").text)
    assert slot, "the slot offers nothing"
    return tablet.post(slot[1], headers=HTMX)


def page_of(floor: Floor, order_id: int) -> str:
    with db.reading() as session:
        link = pickup_link.link_for(session, order_id)
        return f"/p/{pickup_link.token(link, floor.settings.secret_key)}"


def test_a_parcel_goes_from_tap_to_the_carrier_on_the_same_board(floor: Floor):
    tablet, task_id = floor.tablet(), ask(floor)
    lanes = [re.search(rf'id="task-{task_id}"[^>]*data-lane="(\w+)"', tablet.get("/").text)]
    assert "Ship</bdi>" in tablet.get("/").text
    post(tablet, task_id, "acknowledgement")
    for code in (MILK, MILK, BREAD):
        post(tablet, task_id, "picks", code=code)
    lanes.append(re.search(rf'id="task-{task_id}"[^>]*data-lane="(\w+)"', tablet.get("/").text))
    packing = post(tablet, task_id, "packing", parcels=2, weight="1.25")
    lanes.append(re.search(rf'id="task-{task_id}"[^>]*data-lane="(\w+)"', packing.text))

    reply = post(tablet, task_id, "shipment", carrier="DPD", code=TRACKING)

    assert reply.status_code == 200, reply.text
    assert [lane and lane[1] for lane in lanes] == ["new", "stage", "give"]
    assert 'data-lane="out"' in reply.text
    assert "given to DPD" in reply.text
    assert floor.task(task_id).status == TaskStatus.SHIPPED


def test_each_step_of_a_parcel_is_undone_from_the_slot(floor: Floor):
    tablet = floor.tablet()
    task_id = packed(floor, tablet)
    post(tablet, task_id, "shipment", carrier="DPD", code=TRACKING)

    for status in (TaskStatus.PACKED, TaskStatus.PICKED):
        slot = undo(tablet) if status == TaskStatus.PACKED else post(tablet, task_id, "packing/undo")
        assert slot.status_code == 200, slot.text
        assert floor.task(task_id).status == status


def test_units_are_packed_by_scanning_them(floor: Floor):
    tablet = floor.tablet()
    task_id = picked(floor, tablet)

    for code in (MILK, BREAD):
        assert post(tablet, task_id, "packing", code=code).status_code == 200
    assert "2 of 3 in the parcel" in tablet.get(f"/pickup-tasks/{task_id}").text
    assert post(tablet, task_id, "packing", code=BREAD).status_code == 409
    assert post(tablet, task_id, "packing", code=MILK).status_code == 200

    assert floor.task(task_id).status == TaskStatus.PACKED


NONSENSE = (
    {"parcels": "0"}, {"parcels": "99"}, {"weight": "heavy"}, {"weight": "99999"}, {"weight": "0"}, {"code": ""},
    {"line_id": "1", "ending": "0000"},
)  # fmt: skip


def test_nonsense_about_a_parcel_is_refused_and_nothing_is_packed(floor: Floor):
    tablet = floor.tablet()
    task_id = picked(floor, tablet)

    assert {post(tablet, task_id, "packing", **form).status_code for form in NONSENSE} == {422}

    assert floor.task(task_id).status == TaskStatus.PICKED


NO_CONSIGNMENTS = (
    ("", TRACKING, "which carrier"), ("DPD", "", "Scan the label"), ("DPD", "<b>", "tracking number"),
    ("DPD", "PCL-1-1", "our own slip"), ("D" * 300, TRACKING, "which carrier"),
)  # fmt: skip


def test_a_parcel_leaves_with_a_carrier_and_a_number_only(floor: Floor):
    tablet = floor.tablet()
    task_id = packed(floor, tablet)

    for carrier, code, words in NO_CONSIGNMENTS:
        reply = post(tablet, task_id, "shipment", carrier=carrier, code=code)
        assert (reply.status_code, words in reply.text) == (422, True), reply.text

    assert floor.task(task_id).status == TaskStatus.PACKED


def test_without_scripts_packing_leads_back_to_the_order(floor: Floor):
    tablet = floor.tablet()
    task_id = picked(floor, tablet)

    reply = tablet.post(f"/pickup-tasks/{task_id}/packing", data={"parcels": "1"},
                        headers=PLAIN | {"Referer": f"http://localhost/pickup-tasks/{task_id}"})  # fmt: skip

    assert (reply.status_code, reply.location) == (303, f"/pickup-tasks/{task_id}")


def test_the_slip_carries_the_address_and_is_printed_once_it_is_packed(floor: Floor):
    tablet = floor.tablet()
    task_id = picked(floor, tablet)
    too_early = tablet.get(f"/pickup-tasks/{task_id}/label-slip")
    post(tablet, task_id, "packing", parcels=2)

    slip = tablet.get(f"/pickup-tasks/{task_id}/label-slip").text

    assert too_early.status_code == 409
    assert slip.count("YO1 9ZZ York") == slip.count("<svg") - slip.count('class="i') == 2
    assert "Parcel 2 of 2" in slip
    assert "High Street" not in tablet.get(f"/pickup-tasks/{task_id}").text + tablet.get("/").text


def test_nobody_sees_or_sends_another_stores_parcel(floor: Floor):
    task_id = packed(floor, floor.tablet())
    with db.transaction() as session:
        other = second_store(session, Counter(floor.shop, 0))
    stranger = floor.tablet("Otto Berg", store_id=other)

    assert stranger.get(f"/pickup-tasks/{task_id}/label-slip").status_code == 404
    assert post(stranger, task_id, "shipment", carrier="DPD", code=TRACKING).status_code == 404
    assert stranger.post("/scans", data={"code": f"PCL-{task_id}-1"}, headers=HTMX).status_code == 404


def test_our_slip_scanned_on_any_page_opens_its_order_at_the_carrier(floor: Floor):
    tablet = floor.tablet()
    task_id = packed(floor, tablet)

    reply = tablet.post("/scans", data={"code": f"pcl-{task_id}-1"}, headers=PLAIN)

    assert (reply.status_code, reply.location) == (303, f"/pickup-tasks/{task_id}#carrier")
    assert tablet.post("/scans", data={"code": "PCL-x"}, headers=PLAIN).status_code == 404


def test_a_shelf_scanned_is_not_for_what_is_shipped(floor: Floor):
    tablet = floor.tablet()
    task_id = picked(floor, tablet)

    assert "no picked order in hand" in tablet.post("/scans", data={"code": "LOC-S-09"}, headers=HTMX).text
    assert "nobody comes for it" in post(tablet, task_id, "staging", code="LOC-S-09").text


def test_a_pickup_code_of_an_order_that_is_shipped_opens_nothing(floor: Floor):
    tablet, task_id = floor.tablet(), ask(floor)

    reply = tablet.post("/scans", data={"code": f"PU-{floor.task(task_id).order.number}-ABCD"}, headers=HTMX)

    assert reply.status_code == 404


def test_the_walk_ends_at_the_packing_table(floor: Floor):
    tablet = floor.tablet()
    task_id = picked(floor, tablet)

    walk = tablet.get("/pick-walk").text

    assert f"/pickup-tasks/{task_id}#pack-it" in walk
    assert "on a shelf" not in walk


def test_the_customer_reads_what_left_and_what_has_not(floor: Floor):
    tablet, phone = floor.tablet(), floor.app.test_client()
    with db.transaction() as session:
        other = second_store(session, Counter(floor.shop, 0))
        parts = ((floor.store_id, {floor.shop.milk: 2}), (other, {floor.shop.bread: 1}))
        order_id = order_sent(session, *parts, at=now()).id
    address = page_of(floor, order_id)
    before = phone.get(address).text
    for code in (MILK, MILK):
        post(tablet, 1, "picks", code=code)
    post(tablet, 1, "packing", parcels=1)
    post(tablet, 1, "shipment", carrier="DPD", code=TRACKING)

    after = phone.get(address).text

    assert "Priya, we have your order" in before
    assert "Priya, a part of it is on its way" in after
    assert "1550293847566" in after
    assert "1 item not sent" in after
    assert "I’m here" not in before + after
    assert "High Street" not in before + after
    since = re.search(r"now\?since=([\w-]+)", after)
    assert since
    assert phone.get(f"{address}/now?since={since[1]}").status_code == 204
    assert phone.get(f"{address}/now?since=old").status_code == 200


def test_who_has_it_sent_is_not_here(floor: Floor):
    ask(floor)

    reply = floor.app.test_client().post(page_of(floor, 1) + "/arrival", data={"spot": "desk"}, headers=PLAIN)

    assert reply.status_code == 409
    assert "Your order comes to you." in reply.text


def test_what_was_called_off_after_a_part_left_is_said_honestly(floor: Floor):
    with db.transaction() as session:
        other = second_store(session, Counter(floor.shop, 0))
        parts = ((floor.store_id, {floor.shop.milk: 2}), (other, {floor.shop.bread: 1}))
        order_id = order_sent(session, *parts, at=now()).id
    tablet = floor.tablet()
    for code in (MILK, MILK):
        post(tablet, 1, "picks", code=code)
    post(tablet, 1, "packing", parcels=1)
    post(tablet, 1, "shipment", carrier="DPD", code=TRACKING)
    with db.transaction() as session:
        orders.locked(session, order_id).cancel(session, reason="changed my mind", actor="channel/web", at=now())

    page = floor.app.test_client().get(page_of(floor, order_id)).text

    assert "The rest was cancelled" in page
    assert "still on its way to you" in page


def test_the_carrier_used_last_is_offered_first(floor: Floor):
    tablet = floor.tablet()
    for name in ("Evri", "DPD"):
        post(tablet, packed(floor, tablet), "shipment", carrier=name, code=TRACKING)

    shown = tablet.get(f"/pickup-tasks/{packed(floor, tablet)}").text

    assert 'name="carrier" value="DPD"' in shown
    with db.reading() as session:
        assert shipment.usual_carriers(session, floor.store_id) == ("DPD", "Evri")


def test_parcels_cost_the_board_no_further_question(floor: Floor):
    tablet = floor.tablet()
    ask(floor)
    few = queries_for(tablet, "/")

    for _ in range(5):
        ask(floor)

    assert queries_for(tablet, "/") == few


def test_the_channel_reads_the_carrier_and_the_number_of_what_left(floor: Floor):
    tablet = floor.tablet()
    task_id = packed(floor, tablet, parcels=2)
    post(tablet, task_id, "shipment", carrier="DPD", code=TRACKING)

    with db.reading() as session:
        (part,) = api_order.shown(session, session.get_one(orders.Order, floor.task(task_id).order_id)).fulfilments

    (sent,) = part.shipments
    assert (part.status, sent.carrier, sent.tracking, sent.parcels) == ("shipped", "DPD", "1550293847566", 2)


def test_one_thing_is_packed_and_not_all_one(floor: Floor):
    with db.transaction() as session:
        task_id = order_sent(session, (floor.store_id, {floor.shop.milk: 1}), at=now()).id
    maya = floor.tablet()
    assert post(maya, task_id, "picks", code=MILK).status_code == 200

    assert "Pack it</button>" in maya.get(f"/pickup-tasks/{task_id}").text


def test_who_is_here_and_what_leaves_fit_beside_the_lanes_name(floor: Floor):
    maya = floor.tablet()
    packed(floor, maya)
    assert "1 to send" in maya.get("/").text
    collected = floor.order("B-1")
    for code in (MILK, MILK, BREAD):
        post(maya, collected, "picks", code=code)
    post(maya, collected, "staging", code="S-09")
    with db.transaction() as session:
        handover.arrive(tasks.locked(session, collected), spot="Desk", actor="customer", at=now())

    assert "1 here, 1 to send" in maya.get("/").text


def test_a_page_without_scripts_says_no_and_leads_back(floor: Floor):
    maya = floor.tablet()
    task_id = picked(floor, maya)
    form, here = {"parcels": "99"}, f"/pickup-tasks/{task_id}"

    from_here = maya.post(f"{here}/packing", data=form, headers=PLAIN | {"Referer": f"http://localhost{here}"})
    from_elsewhere = maya.post(f"{here}/packing", data=form, headers=PLAIN | {"Referer": "http://localhost.example/"})

    assert f'href="http://localhost{here}">Back</a>' in from_here.text
    assert "localhost.example" not in from_elsewhere.text
