"""Every route × every role × the rows of another store: nobody sees, does or learns anything there.

A route that stands in none of the lists below fails the first test. A stranger's row must look like one that is not
there; what is compared before and after each request is whether anything at all was written.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from app.config import Settings
from app.people.associate import Role
from app.web.addresses import SCREENS
from app.web.guards import PUBLIC as PUBLIC_BLUEPRINTS
from tests.web.two_regions import GTIN, REGION_OF, Work, World, open_two_regions

HOLD = UUID(int=1)
SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}
HTMX = SAME_ORIGIN | {"HX-Request": "true"}

PUBLIC = {
    "static": "the same files for everybody",
    "sign_in.show": "the lock itself; only an enrolled device sees faces",
    "sign_in.by_pin": "the way in; counted and slowed down",
    "sign_in.by_badge": "the way in",
    "sign_in.lock": "ends a session, begins none; needs the device's own cookie",
    "sign_in.enrolment": "opened by a one-time link",
    "sign_in.enrol": "opened by a one-time link",
    "customer.show": "opened by the customer's own link",
    "customer.look_again": "opened by the customer's own link",
    "customer.arrive": "opened by the customer's own link",
    "customer.not_here_yet": "opened by the customer's own link",
    "api.describe": "says how the API is spoken to, the same for everybody",
    "operations.alive": "for the machine that watches",
    "operations.ready": "for the machine that watches",
    "operations.figures": "for the machine that watches; counts, no names",
    "demo.show": "in the demo only",
    "demo.enrol": "in the demo only",
    "demo.mails": "in the demo only",
    "demo.mail": "in the demo only",
}
BY_KEY = {
    "api.place",
    "api.show",
    "api.pay",
    "api.cancel",
    "api.cancel_line",
    "api.availability",
    "api.availability_of_many",
    "api.reserve",
    "api.held",
    "api.hold_other_amounts",
    "api.let_go",
    "api_channels.show",
    "api_channels.sell_from",
    "api_channels.allotted",
    "api_channels.allot",
    "api_channels.take_back",
    "api_fulfilments.wanted",
    "api_fulfilments.show",
    "api_fulfilments.ship",
    "api_fulfilments.refuse",
    "api_routing.show",
    "api_routing.override",
    "api_transfers.ask",
    "api_transfers.show",
    "api_transfers.ship",
    "api_transfers.receive",
    "api_transfers.cancel",
    "intake.take",
}
"""Opened by an API client's key and by nothing else."""

Form = dict[str, Any]
HERE: dict[str, Callable[[Work], Form]] = {
    "board.show": lambda _: {},
    "board.catch_up": lambda _: {"since": "0"},
    "counts.show": lambda _: {},
    "exceptions.show": lambda work: {"case": work.case_id},
    "my_actions.show": lambda _: {},
    "pick_walk.show": lambda work: {"task": work.tasks["accepted"]},
    "pick_walk.scan": lambda work: {"task": work.tasks["accepted"], "code": GTIN},
    "pick_walk.short": lambda work: {"task": work.tasks["accepted"], "item_id": 1, "reason": "not found"},
    "pickup_tasks.acknowledge_all": lambda work: {"of": 9, "task_id": work.tasks["requested"]},
    "region.show": lambda _: {"period": "7"},
    "region.without_a_way": lambda _: {},
    "region.catch_up": lambda _: {"since": "0"},
    "transfers.show": lambda _: {},
    "scans.scan": lambda work: {"code": f"PU-{work.pickup_code}"},
}
"""No row in the address: the viewer's own place, whatever else is asked for along with it."""
WRITES_ITS_OWN = {"pick_walk.choose": lambda _: {"way": "late"}, "counts.start": lambda _: {"code": GTIN}}
"""A choice of the device's own; a count of the store's own."""
THEIRS: dict[str, tuple[Callable[[Work], Form], Callable[[Work], Form]]] = {
    "counts.look": (lambda work: {"count_id": work.count_id}, lambda _: {}),
    "counts.scan": (lambda work: {"count_id": work.count_id}, lambda _: {"code": GTIN}),
    "counts.take_back": (lambda work: {"count_id": work.count_id}, lambda _: {}),
    "counts.begin_again": (lambda work: {"count_id": work.count_id}, lambda _: {}),
    "counts.finish": (lambda work: {"count_id": work.count_id}, lambda _: {}),
    "counts.dismiss": (lambda work: {"count_id": work.count_id}, lambda _: {"reason": "sold out"}),
    "exceptions.acknowledge": (lambda work: {"case_id": work.case_id}, lambda _: {}),
    "exceptions.resolve": (lambda work: {"case_id": work.case_id}, lambda _: {}),
    "exceptions.dismiss": (lambda work: {"case_id": work.case_id}, lambda _: {"reason": "not a problem"}),
    "my_actions.take_back": (lambda work: {"deed_id": work.deed_id}, lambda _: {}),
    "pickup_tasks.show": (lambda work: {"task_id": work.tasks["staged"]}, lambda work: {"code": work.pickup_code}),
    "pickup_tasks.acknowledge": (lambda work: {"task_id": work.tasks["requested"]}, lambda _: {}),
    "pickup_tasks.pick": (lambda work: {"task_id": work.tasks["accepted"]}, lambda _: {"code": GTIN}),
    "pickup_tasks.short": (
        lambda work: {"task_id": work.tasks["accepted"]},
        lambda work: {"line_id": work.lines["accepted"], "reason": "not found"},
    ),
    "pickup_tasks.stage": (lambda work: {"task_id": work.tasks["picked"]}, lambda work: {"code": f"LOC-V-{work.code}"}),
    "pickup_tasks.hand_over": (lambda work: {"task_id": work.tasks["staged"]}, lambda work: {"code": work.pickup_code}),
    "pickup_tasks.put_unit_back": (lambda work: {"task_id": work.tasks["cancelled"]}, lambda _: {"code": GTIN}),
    "pickup_tasks.take_back": (lambda work: {"task_id": work.tasks["collected"], "noun": "handover"}, lambda _: {}),
    "transfers.look": (lambda work: {"transfer_id": work.coming_id}, lambda _: {}),
    "transfers.scan": (lambda work: {"transfer_id": work.coming_id}, lambda _: {"code": GTIN}),
    "transfers.take_back": (lambda work: {"transfer_id": work.coming_id}, lambda work: {"line_id": work.trip_line_id}),
    "transfers.receive": (lambda work: {"transfer_id": work.coming_id}, lambda _: {}),
    "transfers.ship": (lambda work: {"transfer_id": work.leaving_id}, lambda _: {}),
    "parcels.pack": (lambda work: {"task_id": work.to_pack_id}, lambda _: {"parcels": "1"}),
    "parcels.hand_to_carrier": (
        lambda work: {"task_id": work.to_send_id},
        lambda _: {"carrier": "DPD", "code": "15502938447566"},
    ),
    "parcels.slip": (lambda work: {"task_id": work.to_send_id}, lambda _: {}),
    "routing.show": (lambda work: {"order_id": work.requested_id}, lambda _: {}),
    "routing.override": (
        lambda work: {"order_id": work.requested_id},
        lambda _: {"node": "DC1", "reason": "it is nearer"},
    ),
    "region.acknowledge": (lambda work: {"escalation_id": work.escalation_id}, lambda _: {}),
}
"""A row in the address: its number, and what else an insider would send so that the act succeeds."""


@dataclass(frozen=True)
class Who:
    """A role in a scope, on a device that stands somewhere; `sees` is what they may know of."""

    role: Role | None
    scope: str
    device: str
    sees: frozenset[str] = frozenset()

    def __str__(self) -> str:
        return f"{self.role or 'nobody'} of {self.scope or 'everywhere'} on {self.device}"


NORTH = frozenset({"118", "204"})
PEOPLE = [
    Who(None, "", "118"),
    Who(Role.ASSOCIATE, "118", "118", frozenset({"118"})),
    Who(Role.STORE_LEAD, "118", "118", frozenset({"118"})),
    Who(Role.ASSOCIATE, "N", "118", frozenset({"118"})),
    Who(Role.STORE_LEAD, "", "118", frozenset({"118"})),
    Who(Role.ASSOCIATE, "204", "118"),
    Who(Role.STORE_LEAD, "118", "204"),
    Who(Role.ASSOCIATE, "118", "N"),
    Who(Role.STORE_LEAD, "", "N"),
    Who(Role.REGIONAL_MANAGER, "N", "N", NORTH),
    Who(Role.REGIONAL_MANAGER, "S", "N"),
    Who(Role.REGIONAL_MANAGER, "N", "S"),
    Who(Role.REGIONAL_MANAGER, "N", "204"),
    Who(Role.AUDITOR, "", "N", NORTH),
    Who(Role.AUDITOR, "N", "S"),
    Who(Role.AUDITOR, "", "204"),
    Who(Role.OPERATIONS, "", "N"),
    Who(Role.OPERATIONS, "", "204"),
    Who(Role.OPERATIONS, "204", "204"),
]


@pytest.fixture
def world(app: Flask, settings: Settings) -> World:
    return open_two_regions(app, settings)


@pytest.fixture
def written(world: World, database_url: str) -> Iterator[Callable[[], int]]:
    """Moves on whenever anybody has written anything."""
    with closing(sqlite3.connect(database_url.removeprefix("sqlite:///"))) as connection:
        yield lambda: int(connection.execute("PRAGMA data_version").fetchone()[0])


def staff_rules(app: Flask) -> list[Rule]:
    return [rule for rule in app.url_map.iter_rules() if rule.endpoint not in PUBLIC.keys() | BY_KEY]


def test_every_route_stands_in_exactly_one_list(app: Flask):
    lists = [PUBLIC.keys(), BY_KEY, HERE.keys(), WRITES_ITS_OWN.keys(), THEIRS.keys()]
    endpoints = {rule.endpoint for rule in app.url_map.iter_rules()}

    assert set().union(*lists) == endpoints
    assert sum(map(len, lists)) == len(endpoints)
    assert {each.partition(".")[0] for each in PUBLIC.keys() | BY_KEY} == PUBLIC_BLUEPRINTS
    assert endpoints >= SCREENS
    for rule in staff_rules(app):
        assert bool(rule.arguments) == (rule.endpoint in THEIRS), rule


def asked(world: World, rule: Rule, work: Work) -> Iterator[tuple[str, str, Form]]:
    """Method, address and form, for every method of the route."""
    row, form = THEIRS.get(rule.endpoint) or (lambda _: {}, (HERE | WRITES_ITS_OWN)[rule.endpoint])
    built = rule.build(row(work), append_unknown=False)
    assert built is not None, rule
    for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
        yield method, built[1], form(work)


def ask(client: FlaskClient, method: str, address: str, form: Form, headers: dict[str, str]):
    said: dict[str, Any] = {"query_string" if method == "GET" else "data": form}
    return client.open(address, method=method, headers=headers, **said)


@pytest.mark.parametrize("who", PEOPLE, ids=str)
def test_nobody_sees_or_changes_anything_of_another_store(world: World, written: Callable[[], int], who: Who):
    client = world.signed_in(who.role, who.scope, who.device)
    for code in world.work.keys() - who.sees:
        for rule in staff_rules(world.app):
            for method, address, form in asked(world, rule, world.work[code]):
                for headers in (SAME_ORIGIN, HTMX, HTMX | {"Idempotency-Key": f"{who}{rule}{method}"}):
                    before = written()
                    reply = ask(client, method, address, form, headers)
                    refused(who, rule, reply)
                    keeps_its_answer = rule.endpoint in HERE and "Idempotency-Key" in headers
                    if rule.endpoint not in WRITES_ITS_OWN and not keeps_its_answer:
                        assert written() == before, (str(who), method, address)
                    told = reply.get_data(as_text=True) + str(reply.headers)
                    foreign = [word for other in world.work.keys() - who.sees for word in world.work[other].secrets]
                    sent = {str(word) for word in form.values()}
                    assert not [word for word in foreign if word in told and not said_it(word, sent)], (address, told)


def said_it(word: str, sent: set[str]) -> bool:
    """A refusal may repeat what was typed in; it must not add to it."""
    return any(word in each for each in sent)


def refused(who: Who, rule: Rule, reply) -> None:
    if not who.sees:
        assert (reply.status_code, reply.location.partition("?")[0]) == (303, "/sign-in"), (str(who), rule)
    elif rule.endpoint in THEIRS:
        assert reply.status_code == 404, (str(who), rule, reply.text)
    elif who.device in world_regions() and not rule.endpoint.startswith("region."):
        assert reply.status_code == 404 or reply.location == "/region", (str(who), rule)
    elif who.device not in world_regions() and rule.endpoint.startswith("region."):
        assert reply.status_code == 404, (str(who), rule)
    else:
        assert reply.status_code < 500, (str(who), rule)


def world_regions() -> set[str]:
    return set(REGION_OF.values())


@pytest.mark.parametrize("endpoint", sorted(THEIRS.keys() - {"my_actions.take_back", "counts.take_back"}))
def test_an_insider_does_what_a_stranger_is_refused(world: World, written: Callable[[], int], endpoint: str):
    """Or a refusal would prove nothing. What one did oneself, nobody else takes back."""
    is_desk = endpoint.startswith("region.")
    place = ("N", "N") if is_desk else ("204", "204")
    insider = world.signed_in(Role.REGIONAL_MANAGER if is_desk else Role.STORE_LEAD, *place)
    rule = next(rule for rule in staff_rules(world.app) if rule.endpoint == endpoint)
    method, address, form = next(asked(world, rule, world.work["204"]))

    before = written()
    reply = ask(insider, method, address, form, HTMX)

    assert reply.status_code in {200, 303}, reply.text
    assert (written() == before) == (method == "GET")


def test_looking_changes_nothing(world: World, written: Callable[[], int]):
    """Every address that answers a GET, asked by those who may."""
    work = world.work["204"]
    inside = {"token": work.token, "filename": "css/app.css", "order_id": work.order_id, "transfer_id": 1, "name": "1",
              "fulfilment_id": 1, "hold_id": HOLD}  # fmt: skip
    people = [
        world.signed_in(Role.STORE_LEAD, "204", "204"),
        world.signed_in(Role.REGIONAL_MANAGER, "N", "N"),
        world.app.test_client(),
    ]
    for rule in world.app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()):
            continue
        row = THEIRS[rule.endpoint][0](work) if rule.endpoint in THEIRS else inside
        built = rule.build(row, append_unknown=False)
        assert built is not None, rule
        for client in people:
            for method in ("GET", "HEAD", "OPTIONS"):
                before = written()
                assert client.open(built[1], method=method).status_code < 500, rule
                assert written() == before, (method, built[1])


def test_without_a_key_of_ours_the_api_is_shut(world: World, written: Callable[[], int]):
    clients = [world.app.test_client(), world.signed_in(Role.STORE_LEAD, "204", "204")]
    keys: list[dict[str, str]] = [{}, {"Authorization": "Bearer nobodys"}, {"Authorization": "Basic bm86Ym9keQ=="}]
    for rule in (rule for rule in world.app.url_map.iter_rules() if rule.endpoint in BY_KEY):
        built = rule.build(
            {
                "order_id": world.work["204"].order_id,
                "line_id": 1,
                "transfer_id": 1,
                "fulfilment_id": 1,
                "hold_id": HOLD,
            },
            append_unknown=False,
        )
        assert built is not None, rule
        for client in clients:
            for key in keys:
                before = written()
                method = min((rule.methods or set()) - {"HEAD", "OPTIONS"})
                reply = client.open(
                    built[1], method=method, headers=SAME_ORIGIN | HTMX | key, json={"state": "captured"}
                )
                assert (reply.status_code, reply.mimetype) == (401, "application/problem+json"), (rule, key)
                assert written() == before


ENOUGH_OF_A_ROLE = [
    (Who(Role.ASSOCIATE, "204", "204"), "pickup_tasks.hand_over", "staged", {"reason": "knows the customer"}),
    (Who(Role.ASSOCIATE, "204", "204"), "pickup_tasks.take_back", "collected", {}),
    (Who(Role.AUDITOR, "", "N"), "region.acknowledge", "requested", {}),
    (Who(Role.AUDITOR, "", "N"), "routing.override", "requested", {"node": "DC1", "reason": "it is nearer"}),
    (Who(Role.ASSOCIATE, "204", "204"), "routing.override", "requested", {"node": "DC1", "reason": "nearer"}),
]


@pytest.mark.parametrize(("who", "endpoint", "state", "form"), ENOUGH_OF_A_ROLE, ids=str)
def test_what_only_a_lead_or_manager_does_is_refused_to_others_of_the_place(
    world: World, written: Callable[[], int], who: Who, endpoint: str, state: str, form: Form
):
    client, work = world.signed_in(who.role, who.scope, who.device), world.work["204"]
    row = {
        "task_id": work.tasks[state],
        "noun": "handover",
        "escalation_id": work.escalation_id,
        "order_id": work.requested_id,
    }
    for rule in (rule for rule in world.app.url_map.iter_rules() if rule.endpoint == endpoint):
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            built = rule.build(row, append_unknown=False)
            assert built is not None, rule
            for headers in (SAME_ORIGIN, HTMX):
                before = written()
                assert ask(client, method, built[1], form, headers).status_code == 403
                assert written() == before
