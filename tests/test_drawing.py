"""The words and marks that pages, replies and pushes share."""

from datetime import UTC, datetime, timedelta

import pytest
from jinja2 import Environment, UndefinedError

from app import drawing

TEN = datetime(2026, 11, 23, 10, 36, tzinfo=UTC)


def minutes(n: float) -> timedelta:
    return timedelta(minutes=n)


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (minutes(9), "9 min left"),
        (minutes(9.9), "9 min left"),
        (minutes(59.9), "59 min left"),
        (minutes(60), "1 h 00"),
        (minutes(70), "1 h 10"),
        (minutes(0.9), "under 1 min"),
        (minutes(0), "under 1 min"),
        (minutes(-0.5), "under 1 min late"),
        (minutes(-4), "4 min late"),
        (minutes(-70), "1 h 10 late"),
        (timedelta(days=3), "3 days"),
    ],
)
def test_time_left_is_said_in_words_without_seconds(left, words):
    assert drawing.due_words(TEN + left, TEN) == words


def test_a_customer_who_is_here_is_counted_upwards():
    assert drawing.here_words(TEN - minutes(3), TEN) == "Here 3 min"
    assert drawing.here_words(TEN - minutes(0.2), TEN) == "Here now"
    assert drawing.waiting_words(TEN - minutes(24), TEN) == "24 min"


def test_an_order_is_soon_a_quarter_of_an_hour_before_unless_the_store_says_otherwise():
    assert drawing.urgency(TEN + minutes(16), TEN) == "calm"
    assert drawing.urgency(TEN + minutes(15), TEN) == "soon"
    assert drawing.urgency(TEN, TEN) == "late"
    assert drawing.urgency(TEN + minutes(5), TEN, soon_at=TEN + minutes(1)) == "calm"
    assert drawing.urgency(None, TEN) == "calm"


def test_clocks_and_days_are_the_stores_own():
    nine_pm = datetime(2026, 11, 28, 21, 0, tzinfo=UTC)

    assert drawing.clock_words(TEN, "America/New_York") == "05:36"
    assert drawing.day_words(nine_pm, "Europe/London").replace("\xa0", " ") == "Sat 28 Nov, 9 pm"
    assert drawing.day_words(nine_pm + minutes(30), "Europe/London").replace("\xa0", " ") == "Sat 28 Nov, 9:30 pm"


def test_staff_read_a_moment_as_the_clock_on_the_wall_shows_it():
    assert drawing.moment_words(datetime(2026, 11, 23, 13, 15, tzinfo=UTC), "Europe/Lisbon") == "Mon 23 Nov, 13:15"


def test_midnight_belongs_to_the_day_it_ends():
    midnight = datetime(2026, 11, 29, 0, 0, tzinfo=UTC)
    assert drawing.day_words(midnight, "Europe/London") == "Sat 28 Nov, midnight"


def test_money_knows_how_many_decimals_its_currency_has():
    assert drawing.money(14600, "USD") == "$146.00"
    assert drawing.money(4800, "GBP") == "£48.00"
    assert drawing.money(1200, "JPY") == "¥1,200"


def test_a_board_shows_first_name_and_one_letter():
    assert drawing.short_name("Priya Nair") == "Priya N."
    assert drawing.short_name("Priya N.") == "Priya N."
    assert drawing.short_name("J. Whitfield-Okonkwo") == "J. Whitfield-Okonkwo"
    assert drawing.short_name("Cher") == "Cher"
    assert drawing.initials("Maya de la Rosa") == "MR"
    assert drawing.plural(1, "item") == "1 item"
    assert drawing.plural(2, "person", "people") == "2 people"


class PickupTask:
    id = 42


def test_the_same_row_has_the_same_id_wherever_it_is_drawn():
    assert drawing.dom_id(PickupTask()) == "pickup-task-42"
    assert drawing.dom_id("task", 42) == "task-42"


def test_an_icon_that_is_not_in_the_sprite_stops_the_drawing():
    assert "#i-clock" in drawing.icon("clock")
    assert "i--dir" in drawing.icon("chevron-right")
    with pytest.raises(LookupError):
        drawing.icon("no-such-icon")


def test_a_product_we_have_no_picture_of_is_a_box():
    assert drawing.product("mug").endswith('#p-mug"/></svg>')
    assert "#p-box" in drawing.product("chandelier")
    assert "#p-box" in drawing.product(None)


def test_a_missing_input_is_an_error_and_customers_names_are_escaped():
    env = drawing.install(Environment(autoescape=True))

    assert env.from_string("{{ name }}").render(name="<b>") == "&lt;b&gt;"
    with pytest.raises(UndefinedError):
        env.from_string("{{ nobody_gave_this }}").render()


def test_an_asset_changes_its_address_with_its_content():
    assert drawing.asset("icons.svg").startswith("/static/icons.svg?v=")
