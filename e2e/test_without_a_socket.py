"""The live connection breaks: the tablet says so, asks for what it missed, and falls silent when all is well."""

from playwright.sync_api import Page, WebSocketRoute, expect

from e2e.conftest import Tablet
from e2e.eyes import inspect
from e2e.hands import accept, card
from e2e.shop import Riverside

NEXT_CHECK, LONGEST_BACK_OFF = 5_100, 12_000


class Line:
    """The wire of one tablet's socket: whole, or cut."""

    def __init__(self, page: Page) -> None:
        self.is_cut = False
        self._sockets: list[WebSocketRoute] = []
        page.clock.install()
        page.route_web_socket("**/live", self._connect)
        page.reload()

    def _connect(self, socket: WebSocketRoute) -> None:
        if self.is_cut:
            socket.close(code=1012)
        else:
            socket.connect_to_server()
            self._sockets.append(socket)

    def cut(self) -> None:
        self.is_cut = True
        for socket in self._sockets:
            socket.close(code=1012)

    def mend(self) -> None:
        self.is_cut = False


def test_without_its_socket_a_tablet_says_so_and_still_shows_what_others_do(tablet: Tablet, riverside: Riverside):
    maya, jonas = tablet("Maya R."), tablet("Jonas T.")
    line = Line(maya)
    expect(maya.locator("#link")).to_have_text("Live")

    line.cut()
    expect(maya.locator("#link")).to_have_text("Reconnecting")
    maya.clock.fast_forward(NEXT_CHECK)
    expect(maya.locator("#link")).to_have_text("Checking every 5 s")

    task_id = riverside.order(("MUG", 1))
    maya.clock.fast_forward(NEXT_CHECK)
    expect(card(maya, "new", task_id)).to_be_visible()
    accept(jonas, task_id)
    maya.clock.fast_forward(NEXT_CHECK)
    expect(card(maya, "pick", task_id)).to_be_visible()
    inspect(maya, "board-without-socket")

    line.mend()
    maya.clock.fast_forward(LONGEST_BACK_OFF)
    expect(maya.locator("#link")).to_have_text("Live")
    second = riverside.order(("CREW", 1))
    expect(card(maya, "new", second)).to_be_visible()


def test_what_happened_between_two_connections_is_there_after_the_second(tablet: Tablet, riverside: Riverside):
    maya = tablet("Maya R.")
    line = Line(maya)
    expect(maya.locator("#link")).to_have_text("Live")

    line.cut()
    expect(maya.locator("#link")).to_have_text("Reconnecting")
    task_id = riverside.order(("MUG", 1))
    line.mend()
    maya.clock.fast_forward(2_000)

    expect(maya.locator("#link")).to_have_text("Live")
    expect(card(maya, "new", task_id)).to_be_visible()
    expect(maya.locator("#notice")).to_be_hidden()


def test_without_any_connection_nothing_is_lost_and_nothing_pretended(tablet: Tablet, riverside: Riverside):
    maya = tablet("Maya R.")
    task_id = riverside.order(("MUG", 1))
    line = Line(maya)
    expect(maya.locator("#link")).to_have_text("Live")

    maya.context.set_offline(True)
    line.cut()
    maya.clock.fast_forward(NEXT_CHECK)
    expect(maya.locator("#link")).to_have_text("Offline")
    expect(maya.locator("#notice")).to_contain_text("No connection since 10:00")
    card(maya, "new", task_id).get_by_role("button", name="Accept").click()
    expect(maya.get_by_role("alert")).to_contain_text("Nothing was changed")
    expect(card(maya, "new", task_id)).to_be_visible()
    inspect(maya, "board-offline")

    maya.context.set_offline(False)
    line.mend()
    maya.clock.fast_forward(LONGEST_BACK_OFF)
    expect(maya.locator("#link")).to_have_text("Live")
    expect(maya.locator("#notice")).to_be_hidden()
    accept(maya, task_id)
