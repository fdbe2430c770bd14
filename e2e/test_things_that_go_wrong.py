"""What isn't there, what two take at once, what doesn't belong: each is said in words, and each act taken back."""

from playwright.sync_api import Page, expect

from e2e.conftest import Tablet
from e2e.hands import accept, card, go, scan, take_back
from e2e.shop import Riverside

MUG, CREW = "5901234123457", "4006381333931"


def test_what_cannot_be_found_becomes_a_problem_until_it_is_found_after_all(tablet: Tablet, riverside: Riverside):
    maya, jonas = tablet("Maya R."), tablet("Jonas T.")
    task_id = riverside.order(("MUG", 1), ("CREW", 1))
    expect(card(jonas, "new", task_id)).to_be_visible()

    go(maya, f"/pick-walk?task={task_id}")
    maya.get_by_role("button", name="Can’t find it").click()
    maya.get_by_role("button", name="Damaged").click()

    expect(card(jonas, "pick", task_id)).to_contain_text("1 item not found")
    expect(jonas.locator("#problems-n")).to_have_text("1")
    card(jonas, "pick", task_id).get_by_role("link", name="See fix").click()
    expect(jonas.get_by_role("main")).to_contain_text("Damaged: ")
    jonas.get_by_role("button", name="I’m on it").click()
    expect(jonas.get_by_role("main")).to_contain_text("Jonas T. is on it")

    take_back(maya, "not picked")
    go(jonas, "/exceptions")
    expect(jonas.get_by_role("main")).to_contain_text("No problems")
    go(jonas)
    expect(card(jonas, "pick", task_id)).not_to_contain_text("not found")


def test_what_others_do_leaves_the_words_above_the_walk_alone(tablet: Tablet, riverside: Riverside):
    maya, jonas = tablet("Maya R."), tablet("Jonas T.")
    first, second = riverside.order(("MUG", 2)), riverside.order(("CREW", 1))
    go(maya, f"/pick-walk?task={first}")
    go(jonas, f"/pick-walk?task={second}")

    jonas.get_by_role("button", name="Can’t find it").click()
    jonas.get_by_role("button", name="Not found").click()

    expect(maya.locator("#problems-n")).to_have_text("1")
    expect(maya.get_by_role("banner")).to_contain_text("0 of 2 items, 1 order.")
    scan(maya, MUG)
    expect(maya.get_by_role("banner")).to_contain_text("1 of 2 items, 1 order.")


def test_each_act_on_the_way_can_be_taken_back(tablet: Tablet, riverside: Riverside):
    maya, jonas = tablet("Maya R."), tablet("Jonas T.")
    task_id = riverside.order(("MUG", 1))
    expect(card(maya, "new", task_id)).to_be_visible()

    accept(maya, task_id)
    take_back(maya, "accepted")
    expect(card(jonas, "new", task_id)).to_be_visible()
    accept(maya, task_id)

    go(maya, f"/pick-walk?task={task_id}")
    scan(maya, MUG)
    expect(card(jonas, "stage", task_id)).to_be_visible()
    take_back(maya, "picked")
    expect(card(jonas, "pick", task_id)).to_be_visible()
    scan(maya, MUG)
    expect(card(jonas, "stage", task_id)).to_be_visible()

    go(maya, f"/pickup-tasks/{task_id}")
    scan(maya, "LOC-S-06")
    expect(card(jonas, "give", task_id)).to_contain_text("S-06")
    take_back(maya, "staged on S-06")
    expect(card(jonas, "stage", task_id)).to_be_visible()


def test_of_two_who_put_the_same_bag_away_the_second_reads_where_it_is(tablet: Tablet, riverside: Riverside):
    maya, jonas = tablet("Maya R."), tablet("Jonas T.")
    task_id = riverside.picked(("MUG", 1))
    for screen in (maya, jonas):
        go(screen, f"/pickup-tasks/{task_id}")
    jonas.route("**/live", lambda route: route.abort())

    _stage(maya, "S-06")
    expect(maya.get_by_role("main")).to_contain_text("S-06")
    _stage(jonas, "S-06")

    expect(jonas.get_by_role("alert")).to_contain_text("is on S-06 already")
    expect(jonas.get_by_role("main")).to_contain_text("Maya R. put the bag on S-06")


def test_a_bag_goes_only_where_it_belongs(tablet: Tablet, riverside: Riverside):
    maya = tablet("Maya R.")
    task_id = riverside.picked(("MILK", 1))
    go(maya, f"/pickup-tasks/{task_id}")

    _stage(maya, "LOC-Q-01")
    expect(maya.get_by_role("alert")).to_contain_text("Q-01 is not a pickup shelf of this store")
    _stage(maya, "S-06")
    expect(maya.get_by_role("alert")).to_contain_text("has cold items. S-06 isn't cold")
    _stage(maya, "F-01")

    expect(maya.locator("#undo")).to_contain_text("staged on F-01")


def test_only_what_was_ordered_goes_into_the_bag(tablet: Tablet, riverside: Riverside):
    maya = tablet("Maya R.")
    task_id = riverside.order(("MUG", 1))
    go(maya, f"/pick-walk?task={task_id}")

    scan(maya, CREW)

    expect(maya.get_by_role("alert")).to_contain_text("That's Merino crew, Navy, M. You need Stoneware mug")


def test_a_wrong_code_hands_nothing_over_and_after_five_only_a_lead_does(tablet: Tablet, riverside: Riverside):
    maya, sana = tablet("Maya R."), tablet("Sana K.")
    task_id = riverside.staged(("MUG", 1))
    go(maya, f"/pickup-tasks/{task_id}")

    for _ in range(5):
        maya.get_by_label("Scan the customer’s code").fill("1001-AAAA")
        maya.get_by_role("button", name="Hand off").click()
        expect(maya.get_by_role("alert")).to_contain_text("That isn't the code of order")
        maya.get_by_role("button", name="OK").click()

    expect(maya.get_by_role("main")).to_contain_text("Code blocked")
    expect(maya.get_by_role("button", name="Hand off without code")).to_have_count(0)
    go(sana, f"/pickup-tasks/{task_id}")
    sana.get_by_label("Without a code").fill("Passport seen, same name")
    sana.get_by_role("button", name="Hand off without code").click()
    expect(sana.get_by_role("main")).to_contain_text("Sana K. handed it over, by a lead")
    take_back(sana, "handed over")
    go(maya)
    expect(card(maya, "give", task_id)).to_be_visible()


def _stage(screen: Page, shelf: str) -> None:
    if not screen.get_by_label("Scan the shelf").is_visible():
        screen.get_by_text("Move to another shelf").click()
    screen.get_by_label("Scan the shelf").fill(shelf)
    screen.locator("form[action$='/staging'] button").click()
