"""What somebody with a tablet of their own, a browser tab or a printed code would try."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlmodel import Session, func, select

from app import db
from app.config import Settings
from app.events.log import Event
from app.people.associate import Associate, Role
from app.people.device import Device
from app.people.sign_in import WRONG_PINS, WrongPinEntry
from app.pickup.pickup_link import PickupLink
from app.pickup.task import PickupTask
from tests.web.two_regions import GTIN, World, open_two_regions

HTMX = {"Sec-Fetch-Site": "same-origin", "HX-Request": "true"}


@pytest.fixture
def world(app: Flask, settings: Settings) -> World:
    return open_two_regions(app, settings)


@pytest.fixture
def insider(world: World) -> FlaskClient:
    """A lead of store 204, who would like to reach into 311."""
    return world.signed_in(Role.STORE_LEAD, "204", "204")


def state_of(store_id: int) -> list[tuple[int, str, int]]:
    with db.reading() as session:
        mine = select(PickupTask.id, PickupTask.status, PickupTask.version).where(PickupTask.store_id == store_id)
        return [(task_id, str(status), version) for task_id, status, version in session.exec(mine)]


def test_ids_of_another_store_smuggled_beside_ones_own_reach_nothing(world: World, insider: FlaskClient):
    mine, theirs = world.work["204"], world.work["311"]
    before = state_of(world.stores["311"])
    own, picked, staged = (f"/pickup-tasks/{mine.tasks[state]}" for state in ("accepted", "picked", "staged"))
    foreign_line = {"line_id": [theirs.lines["accepted"]], "ending": "0012", "reason": "not found"}
    both_lines = foreign_line | {"line_id": [theirs.lines["accepted"], mine.lines["accepted"]]}
    tries = [
        insider.post(f"{own}/picks", data=foreign_line, headers=HTMX),
        insider.post(f"{own}/picks", data=both_lines, headers=HTMX),
        insider.post(f"{own}/shorts", data=foreign_line, headers=HTMX),
        insider.post(f"{picked}/staging", data={"code": "LOC-V-311"}, headers=HTMX),
        insider.post(f"{staged}/handover", data={"code": theirs.pickup_code}, headers=HTMX),
        insider.post("/scans", data={"code": f"PU-{theirs.pickup_code}"}, headers=HTMX),
        insider.post("/scans", data={"code": "LOC-V-311"}, headers=HTMX),
        insider.post("/scans", data={"code": "BADGE-owner-311"}, headers=HTMX),
        insider.post("/pick-walk/scans", data={"task": theirs.tasks["accepted"], "code": GTIN}, headers=HTMX),
    ]

    assert [reply.status_code for reply in tries if reply.status_code < 400] == []
    assert state_of(world.stores["311"]) == before


def test_fields_nobody_asked_for_set_nothing(world: World, insider: FlaskClient):
    task_id = world.work["204"].tasks["requested"]
    more = {"associate_id": 1, "owner_id": 1, "store_id": world.stores["311"], "status": "collected", "version": 99,
            "at": "2020-01-01", "_method": "DELETE", "promised_at": "2020-01-01"}  # fmt: skip

    insider.post(f"/pickup-tasks/{task_id}/acknowledgement?{'&'.join(f'{k}={v}' for k, v in more.items())}", data=more,
                 headers=HTMX | {"X-HTTP-Method-Override": "DELETE"})  # fmt: skip

    with db.reading() as session:
        task = session.get_one(PickupTask, task_id)
        assert (task.status.value, task.store_id) == ("accepted", world.stores["204"])
        assert session.get_one(Associate, task.owner_id).name == "Signed In-store lead"


def test_a_page_of_another_store_named_in_a_header_is_not_drawn(world: World, insider: FlaskClient):
    mine, theirs = world.work["204"], world.work["311"]
    for page in (f"/pickup-tasks/{theirs.tasks['staged']}", f"/pick-walk?task={theirs.tasks['accepted']}"):
        there = HTMX | {"HX-Current-URL": f"http://localhost{page}", "Referer": f"http://localhost{page}"}
        reply = insider.post(f"/pickup-tasks/{mine.tasks['requested']}/acknowledgement", headers=there)
        assert not any(word in reply.get_data(as_text=True) for word in theirs.secrets)


def test_an_answer_that_was_kept_is_told_again_only_where_it_was_given(world: World):
    """Somebody who works in two stores carries the tablet over: what was said in the one is not said in the other."""
    both = world.signed_in(Role.ASSOCIATE, "N", "204")
    address = f"/pickup-tasks/{world.work['204'].tasks['requested']}/acknowledgement"
    intent = HTMX | {"Idempotency-Key": "task-1-acknowledgement-v1"}

    first, again = (both.post(address, headers=intent) for _ in range(2))
    with db.transaction() as session:
        for device in session.exec(select(Device)):
            device.store_id = world.stores["118"]
    elsewhere = both.post(address, headers=intent)

    assert (first.status_code, again.headers["Idempotency-Replayed"]) == (200, "true")
    assert elsewhere.status_code == 404
    assert "Zsazsa204" not in elsewhere.get_data(as_text=True)


def test_a_pickup_code_is_tried_five_times_and_no_more_whatever_the_key_of_the_intent(
    world: World, insider: FlaskClient
):
    work = world.work["204"]
    address = f"/pickup-tasks/{work.tasks['staged']}/handover"
    for turn in range(7):
        insider.post(address, data={"code": "1000-AAAA"}, headers=HTMX | {"Idempotency-Key": f"try-{turn}"})

    reply = insider.post(address, data={"code": work.pickup_code}, headers=HTMX)

    assert reply.status_code == 409
    assert "blocked" in reply.get_data(as_text=True)
    with db.reading() as session:
        assert session.exec(select(func.max(PickupLink.wrong_codes))).one() == 5


def test_scanning_codes_tells_nothing_about_which_is_right(world: World, insider: FlaskClient):
    """The hand-off's page opens for any code with the order's number: only the hand-off itself checks, and counts."""
    number = world.work["204"].pickup_code.partition("-")[0]

    answers = [
        insider.post("/scans", data={"code": code}, headers=HTMX).location.replace(code, "")
        for code in (world.work["204"].pickup_code, f"{number}-2222")
    ]

    assert answers[0] == answers[1]


def test_a_code_that_was_used_is_worth_nothing(world: World, insider: FlaskClient):
    work = world.work["204"]
    address, code = f"/pickup-tasks/{work.tasks['staged']}/handover", {"code": work.pickup_code}

    first = insider.post(address, data=code, headers=HTMX)
    again = insider.post(address, data=code, headers=HTMX)

    assert (first.status_code, again.status_code) == (200, 409)


def test_guessing_at_all_faces_of_a_tablet_is_stopped_and_a_stranger_counts_too(world: World):
    tablet = world.signed_in(None, "", "118")
    with db.reading() as session:
        everybody = list(session.exec(select(Associate.id)))

    answers = [
        tablet.post("/sign-in", data={"associate": who, "pin": "135790"}, headers=HTMX).status_code
        for _ in range(WRONG_PINS["device"])
        for who in [*everybody, 999_999]
    ]

    assert set(answers) == {401, 429}
    assert _wrong_pins() <= WRONG_PINS["device"] + len(everybody)


def _wrong_pins() -> int:
    with db.reading() as session:
        return session.exec(select(func.count()).select_from(WrongPinEntry)).one()


def test_a_guessed_address_says_the_same_whether_or_not_its_number_is_anybodys(world: World):
    stranger, work = world.app.test_client(), world.work["204"]
    number = work.token.partition("-")[0]
    guesses = [f"/p/{number}-{'A' * 28}", f"/p/99999-{'A' * 28}", f"/p/{'A' * 28}"]

    replies = [_without_token(stranger.get(guess).get_data(as_text=True)) for guess in guesses]

    assert replies[0] == replies[1] == replies[2]
    assert stranger.get(f"/p/{work.token}").status_code == 200


def _without_token(page: str) -> str:
    return "".join(line for line in page.splitlines() if "csrf" not in line)


def test_a_post_of_a_stranger_writes_nothing_into_the_record(world: World):
    stranger = world.app.test_client()
    before = _events()
    for rule in world.app.url_map.iter_rules():
        if "POST" not in (rule.methods or ()) or rule.endpoint.startswith("demo."):
            continue
        said = {"token": "1-guess", "noun": "picks"}
        built = rule.build({name: said.get(name, "1") for name in rule.arguments}, append_unknown=False)
        assert built is not None, rule
        for headers in (HTMX, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}, {}):
            assert stranger.post(built[1], headers=headers).status_code in {303, 400, 401, 403, 404, 409}, rule

    assert _events() == before


def _events() -> tuple[int, int]:
    with db.reading() as session:
        return _count(session, Event), _count(session, Device)


def _count(session: Session, model: type) -> int:
    return session.exec(select(func.count()).select_from(model)).one()
