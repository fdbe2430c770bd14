"""Which blueprint answers where: the one list."""

from flask import Flask

import app.web.api_availability  # noqa: F401 - answers on the API's blueprint, too
import app.web.api_reservations  # noqa: F401 - so does this
from app.config import Settings
from app.web import api, demo, operations, sign_in
from app.web.api_channels import api_channels
from app.web.api_fulfilments import api_fulfilments
from app.web.api_routing import api_routing
from app.web.api_transfers import api_transfers
from app.web.board import board
from app.web.counts import counts
from app.web.customer import customer
from app.web.exceptions import exceptions
from app.web.intake import intake
from app.web.my_actions import my_actions
from app.web.parcels import parcels
from app.web.pick_walk import pick_walk
from app.web.pickup_tasks import pickup_tasks
from app.web.region import region
from app.web.routing import routing
from app.web.scans import scans
from app.web.transfers import transfers

STAFF = (board, pickup_tasks, parcels, pick_walk, scans, exceptions, counts, transfers, my_actions, region, routing)


def register(app: Flask, settings: Settings) -> None:
    by_key = (api.api, api_channels, api_fulfilments, api_routing, api_transfers, intake)
    for blueprint in (*STAFF, customer, sign_in.sign_in, *by_key, operations.operations):
        app.register_blueprint(blueprint)
    if settings.is_demo:
        app.register_blueprint(demo.demo)
