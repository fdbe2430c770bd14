"""A partner that listens on this machine, and a shop whose channel has its address."""

from collections.abc import Iterator

import pytest

from tests.webhooks.partner import Partner, listening


@pytest.fixture
def partner() -> Iterator[Partner]:
    with listening() as partner:
        yield partner
