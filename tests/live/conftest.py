from collections.abc import Iterator

import pytest

from app import db
from app.live.hub import Hub
from app.live.tail import Tail
from tests.live import shop as shops
from tests.live.shop import Shop


@pytest.fixture
def shop(database: db.Database) -> Shop:
    return shops.open_two_stores()


@pytest.fixture
def hub(shop: Shop) -> Iterator[Hub]:
    hub = Hub(shops.load_cookie, host="127.0.0.1")
    hub.start()
    yield hub
    hub.stop()


@pytest.fixture
def tail(hub: Hub) -> Iterator[Tail]:
    """What happened reaches the sockets as its kind and seq; how a card looks is another test's matter."""
    tail = Tail(lambda _, stream, events: hub.broadcast(stream, " ".join(f"{e.kind} {e.stream}" for e in events)))
    tail.start()
    yield tail
    tail.stop()
