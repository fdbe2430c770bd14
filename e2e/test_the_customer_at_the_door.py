"""A customer says "I'm here" on a phone, and every tablet of the store turns violet at once."""

from playwright.sync_api import Page, expect

from e2e.conftest import Tablet
from e2e.hands import card
from e2e.shop import Riverside


def test_the_card_turns_violet_with_the_bay_and_back_again(tablet: Tablet, phone: Page, riverside: Riverside):
    maya, jonas = tablet("Maya R."), tablet("Jonas T.")
    first, task_id = riverside.staged(("MUG", 1)), riverside.staged(("CREW", 1))
    phone.goto(riverside.customers_page(task_id))
    expect(phone.get_by_label("Bay number")).to_be_hidden()

    phone.get_by_text("In a parking bay").click()
    phone.get_by_role("button", name="I’m here").click()
    expect(phone.get_by_role("alert")).to_contain_text("Which bay are you in?")
    phone.get_by_text("In a parking bay").click()
    phone.get_by_label("Bay number").fill("4")
    phone.get_by_label("Your car").fill("silver Corolla")
    phone.get_by_role("button", name="I’m here").click()

    expect(phone.get_by_role("heading", level=1)).to_have_text("We know you’re here")
    for screen in (maya, jonas):
        expect(card(screen, "give", task_id)).to_have_attribute("data-urgency", "here")
        expect(card(screen, "give", task_id)).to_contain_text("Bay 4, silver Corolla")
        expect(screen.locator("#give .task").first).to_have_id(f"task-{task_id}")
        expect(screen.locator("#sentence")).to_contain_text("1 customer here.")

    phone.get_by_role("button", name="Not here yet").click()
    for screen in (maya, jonas):
        expect(card(screen, "give", task_id)).to_have_attribute("data-urgency", "calm")
        expect(screen.locator("#give .task").first).to_have_id(f"task-{first}")
