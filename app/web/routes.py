"""Which blueprint answers where: the one list."""

from importlib import import_module
from importlib.util import find_spec

from flask import Flask

from app.config import Settings
from app.web import api, demo, operations, sign_in

SCREENS = ("pickup_tasks", "pick_walk", "scans", "exceptions", "region", "customer")


def register(app: Flask, settings: Settings) -> None:
    for blueprint in (sign_in.sign_in, api.api, operations.operations):
        app.register_blueprint(blueprint)
    for name in SCREENS:
        if find_spec(f"app.web.{name}"):
            app.register_blueprint(getattr(import_module(f"app.web.{name}"), name))
    if settings.is_demo:
        app.register_blueprint(demo.demo)
