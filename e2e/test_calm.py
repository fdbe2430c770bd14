"""What others do shows by itself, and never under a finger."""

from playwright.sync_api import Page, expect

from app import db
from app.pickup import handover
from app.pickup import task as tasks
from e2e.conftest import Tablet
from e2e.hands import scan
from e2e.shop import Riverside


def test_a_card_waits_until_the_hand_is_away(tablet: Tablet, riverside: Riverside):
    maya, jonas = tablet("Maya R."), tablet("Jonas T.")
    first, second = riverside.order(("MUG", 1)), riverside.order(("CREW", 1))
    for screen in (maya, jonas):
        expect(screen.locator("#new .task")).to_have_count(2)
    with maya.expect_websocket() as opened:
        maya.reload()
    expect(maya.locator("#link")).to_have_text("Live")
    places = _places(maya)

    maya.mouse.move(5, 700)
    maya.mouse.down()
    with opened.value.expect_event("framereceived", lambda frame: f'id="task-{first}"' in str(frame)):
        jonas.locator(f"#task-{first}").get_by_role("button", name="Accept").click()
    expect(jonas.locator(f"#pick #task-{first}")).to_be_visible()
    assert _places(maya) == places
    maya.mouse.up()

    expect(maya.locator(f"#pick #task-{first}")).to_be_visible()
    expect(maya.locator("#new .task")).to_have_count(1)
    expect(maya.locator(f"#new #task-{second}")).not_to_have_class("task task--compact")


def test_a_customer_who_is_here_does_not_wait_for_the_hand(tablet: Tablet, riverside: Riverside):
    maya = tablet("Maya R.")
    task_id = riverside.order(("MUG", 1))
    _put_on_shelf(maya, riverside, task_id)
    expect(maya.locator(f"#give #task-{task_id}")).to_be_visible()

    with maya.expect_websocket() as opened:
        maya.reload()
    expect(maya.locator("#link")).to_have_text("Live")
    maya.mouse.move(5, 700)
    maya.mouse.down()
    is_here = opened.value.expect_event("framereceived", lambda frame: 'data-urgency="here"' in str(frame))
    with is_here, db.transaction() as session:
        handover.arrive(tasks.locked(session, task_id), spot="Bay 2", actor="customer", at=riverside.clock.at)

    here = maya.locator(f"#give #task-{task_id}")
    expect(here).to_have_attribute("data-urgency", "here", timeout=4000)  # less than a held hand delays the others
    maya.mouse.up()


def test_the_focus_goes_on_to_the_next_card(tablet: Tablet, riverside: Riverside):
    maya, jonas = tablet("Maya R."), tablet("Jonas T.")
    first, second = riverside.order(("MUG", 1)), riverside.order(("CREW", 1))
    for screen in (maya, jonas):
        expect(screen.locator("#new .task")).to_have_count(2)

    maya.locator(f"#task-{first} a").first.focus()
    jonas.locator(f"#task-{first}").get_by_role("button", name="Accept").click()
    expect(maya.locator(f"#pick #task-{first}")).to_be_visible()
    expect(maya.locator(f"#task-{first} a").first).to_be_focused()
    _put_on_shelf(jonas, riverside, first)
    with db.transaction() as session:
        method = handover.HandoverMethod.CODE
        task = tasks.locked(session, first)
        handover.hand_over(session, task, method=method, associate_id=2, at=riverside.clock.at)
    expect(maya.locator(f"#task-{first}")).to_have_count(0)

    assert maya.evaluate("document.activeElement !== document.body")
    expect(maya.locator(f"#new #task-{second}")).to_be_visible()


def _put_on_shelf(screen: Page, riverside: Riverside, task_id: int) -> None:
    for address, code in (("/pick-walk?task=", ""), ("/pickup-tasks/", "LOC-S-06")):
        screen.goto(f"{riverside.address}{address}{task_id}")
        expect(screen.locator("#link")).to_have_text("Live")
        scan(screen, code or "5901234123457")
        expect(screen.locator("#undo")).to_contain_text("staged" if code else "picked")
    screen.goto(riverside.address)
    expect(screen.locator("#link")).to_have_text("Live")


def _places(screen: Page) -> list[object]:
    """Where every card stands."""
    found = screen.evaluate("[...document.querySelectorAll('.task')].map(c => [c.id, c.getBoundingClientRect().y])")
    assert isinstance(found, list)
    return found
