"""The product's classes, once all of its modules are loaded."""

import pkgutil
from functools import cache
from importlib import import_module
from typing import TypeVar

import app

Kind = TypeVar("Kind")


@cache
def load() -> None:
    """All but migrations: Alembic runs those, they are not imported."""
    for module in pkgutil.walk_packages(app.__path__, "app."):
        if not module.name.startswith("app.migrations."):
            import_module(module.name)


def kinds_of(parent: type[Kind]) -> list[type[Kind]]:
    """Every class of the product below `parent`, however deep."""
    load()
    below = [deeper for child in parent.__subclasses__() for deeper in (child, *kinds_of(child))]
    return sorted({kind for kind in below if kind.__module__.startswith("app.")}, key=lambda kind: kind.__qualname__)
