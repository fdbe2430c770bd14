"""What no browser of ours asks for or sends: it may be refused in any way but as our own fault, on either database."""

from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from tests.conftest import ON_BOTH
from tests.web.conftest import PIN, SAME_ORIGIN


@pytest.fixture(params=ON_BOTH)
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """They differ in what they choke on."""
    yield from request.getfixturevalue(f"copy_of_{request.param}")()


ASKED = ["/pickup-tasks/99999999999999999999", "/pickup-tasks/2147483648", "/p/99999999999-guess", "/p/2147483648-x",
     "/exceptions?case=99999999999999999999", "/pick-walk?task=99999999999", "/board?since=99999999999999999999",
     "/pick-walk?skip=9,99999999999,x", "/?x=%00", "/pickup-tasks/1?code=%00", "/p/%00", "/static/%00",
     "/pickup-tasks/1?code=%ff%fe", "/sign-in?next=%00", "/pickup-tasks/-1", "/%ED%A0%80"]  # fmt: skip
POSTED = [
    ("/scans", {"code": "\0"}),
    ("/scans", {"code": "PU-9999999999-ABCD"}),
    ("/scans", {"code": "9" * 200}),
    ("/sign-in", {"associate": "9" * 30, "pin": PIN}),
    ("/sign-in", {"associate": "1", "pin": "\0"}),
    ("/sign-in", {"associate": "1", "pin": "9" * 5000}),
    ("/sign-in/badge", {"code": "\0"}),
    ("/pick-walk/scans", {"item_id": "9" * 30, "ending": "1"}),
    ("/pickup-tasks/acknowledgements", {"of": "9" * 30}),
    ("/exceptions/99999999999/dismissal", {"reason": "\0"}),
    ("/counts", {"code": "\0"}),
    ("/counts/99999999999/result", {}),
    ("/counts/1/scans", {"amount": "1e999999999", "ending": "x"}),
    ("/transfers/99999999999/receipt", {}),
    ("/transfers/1/scans", {"amount": "9" * 30, "ending": "\0"}),
    ("/transfers/1/scans/undo", {"line_id": "9" * 30}),
    ("/demo/devices", {"store_id": "9" * 30}),
]


def test_what_no_browser_asks_for_is_never_our_fault(maya: FlaskClient):
    answers = {address: maya.get(address).status_code for address in ASKED}

    assert [address for address, status in answers.items() if status >= 500] == []


def test_what_no_browser_posts_is_never_our_fault(maya: FlaskClient):
    answers = [(said, maya.post(said[0], data=said[1], headers=SAME_ORIGIN).status_code) for said in POSTED]

    assert [said for said, status in answers if status >= 500] == []


def test_what_no_browser_says_of_where_it_is_is_never_our_fault(maya: FlaskClient):
    pages = ("http://[", "/pickup-tasks/999999999999", "http://x/pickup-tasks/999999999", "/pick-walk?task=9999999999",
             "/\udcff", "//", "javascript:x", "/pick-walk?skip=" + "9," * 500)  # fmt: skip
    for page in pages:
        headers = SAME_ORIGIN | {"HX-Request": "true", "HX-Current-URL": page, "Referer": page}
        for address in ("/pickup-tasks/acknowledgements", "/lock", "/scans"):
            assert maya.post(address, data={"code": "x"}, headers=headers).status_code < 500, (page, address)
