"""A real order comes in, and two tablets, a mail and a phone take it to the customer's hands."""

import re
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from app import db
from app.events import log
from app.notices import mailbox
from app.oms import books
from app.pickup import tally
from e2e.conftest import Tablet
from e2e.eyes import shoot
from e2e.hands import card, go, scan
from e2e.shop import Riverside
from jobs.mail_sink import FOLDER

MUG, CREW = "5901234123457", "4006381333931"


def test_from_the_web_order_to_the_customers_hands(tablet: Tablet, riverside: Riverside, browser: Browser):
    maya, jonas = tablet("Maya R."), tablet("Jonas T.")

    task_id = riverside.order(("MUG", 2), ("CREW", 1))
    for screen in (maya, jonas):
        expect(card(screen, "new", task_id)).to_contain_text("Priya N.")
    shoot(maya, "board")

    card(maya, "new", task_id).get_by_role("button", name="Accept").click()
    for screen in (maya, jonas):
        expect(card(screen, "pick", task_id)).to_be_visible()

    _pick(maya, task_id, MUG, MUG, CREW)
    expect(card(jonas, "stage", task_id)).to_be_visible()
    assert _subjects(riverside) == ["received"]

    _stage(maya, task_id, "LOC-S-06")
    expect(card(jonas, "give", task_id)).to_contain_text("S-06")
    riverside.clock.forward(seconds=29)
    assert _subjects(riverside) == ["received"]
    riverside.clock.forward(seconds=2)
    assert _subjects(riverside) == ["received", "ready"]

    phone = browser.new_context(viewport={"width": 390, "height": 844}, reduced_motion="reduce").new_page()
    phone.goto(_link(riverside))
    expect(phone.get_by_role("heading", level=1)).to_contain_text("it’s ready")
    code = phone.locator(".qr b").inner_text().replace("\u2011", "-")
    shoot(phone, "customer")
    phone.get_by_role("button", name=re.compile("I’m here")).first.click()
    for screen in (maya, jonas):
        expect(card(screen, "give", task_id)).to_have_attribute("data-urgency", "here")
    shoot(jonas, "board-here")

    _hand_over(jonas, task_id, code)
    jonas.goto(riverside.address)
    expect(card(maya, "give", task_id)).to_have_count(0)
    riverside.clock.forward(seconds=31)

    assert _subjects(riverside) == ["received", "ready", "collected"]
    with db.reading() as session:
        for untrue in (books.unexplained_balances, books.unexplained_claims, log.broken_links, tally.untrue):
            assert list(untrue(session)) == []


def test_of_two_tablets_the_second_reads_who_was_first(tablet: Tablet, riverside: Riverside):
    maya, jonas = tablet("Maya R."), tablet("Jonas T.")
    task_id = riverside.order(("MUG", 1))
    expect(card(jonas, "new", task_id)).to_be_visible()
    jonas.route("**/live", lambda route: route.abort())
    held = card(jonas, "new", task_id).locator("form").get_attribute("action")

    card(maya, "new", task_id).get_by_role("button", name="Accept").click()
    expect(card(maya, "pick", task_id)).to_be_visible()
    answer = jonas.evaluate(
        """async address => {
            const token = document.querySelector('meta[name=csrf-token]').content
            const reply = await fetch(address, {method: 'POST', headers: {'X-CSRFToken': token, 'HX-Request': 'true'}})
            return [reply.status, await reply.text()]
        }""",
        held,
    )

    assert answer[0] == 409
    assert "is already being picked by Maya R." in answer[1]
    assert f'id="task-{task_id}"' in answer[1]


def test_an_order_nobody_answers_climbs_to_the_region(tablet: Tablet, riverside: Riverside):
    dana = tablet("Dana W.", place="region_id")
    riverside.order(("MUG", 1))

    riverside.clock.forward(minutes=5)
    riverside.clock.forward(minutes=10)
    dana.reload()
    expect(dana.get_by_role("main")).to_contain_text("Riverside")
    shoot(dana, "region")
    dana.get_by_role("button", name=re.compile("Acknowledge")).first.click()

    expect(dana.get_by_role("main")).to_contain_text("Dana W.")


def _pick(screen: Page, task_id: int, *codes: str) -> None:
    go(screen, f"/pick-walk?task={task_id}")
    shoot(screen, "pick-walk")
    for taken, code in enumerate(codes, 1):
        scan(screen, code)
        if taken < len(codes):
            expect(screen.get_by_role("img", name=f"{taken} of {len(codes)} picked")).to_be_visible()
    expect(screen.get_by_role("main")).to_contain_text("Everything is picked")
    go(screen)
    expect(card(screen, "stage", task_id)).to_be_visible()


def _stage(screen: Page, task_id: int, code: str) -> None:
    go(screen, f"/pickup-tasks/{task_id}")
    shoot(screen, "order")
    scan(screen, code)
    expect(screen.get_by_role("main")).to_contain_text("S-06")
    go(screen)
    expect(card(screen, "give", task_id)).to_be_visible()


def _hand_over(screen: Page, task_id: int, code: str) -> None:
    go(screen, f"/pickup-tasks/{task_id}")
    screen.locator("form[action$='/handover'] input[name=code]").fill(code)
    screen.locator("form[action$='/handover'] button").first.click()
    expect(screen.get_by_role("main")).to_contain_text(re.compile("[Cc]ollected"))


def _letters(riverside: Riverside) -> list[mailbox.Mail]:
    return list(reversed(mailbox.mails(Path(riverside.settings.var) / FOLDER)))


def _subjects(riverside: Riverside) -> list[str]:
    """What the customer was told, in order, one word each."""
    riverside.clock.forward(seconds=0)
    words = {"ready": "ready", "received": "received", "have your order": "received", "collected": "collected"}
    return [
        next((word for sign, word in words.items() if sign in letter.subject.lower()), letter.subject)
        for letter in _letters(riverside)
    ]


def _link(riverside: Riverside) -> str:
    link = next(link for letter in _letters(riverside) for link in letter.links)
    return riverside.address + "/p/" + link.rpartition("/p/")[2]
