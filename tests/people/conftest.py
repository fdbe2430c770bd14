from datetime import datetime

import pytest
from sqlmodel import Session

from tests.people.floor import Floor, two_stores


@pytest.fixture
def floor(session: Session, nine: datetime) -> Floor:
    return two_stores(session, nine)
