"""What holds for every stream of real orders: barcodes, dice, lines, stock, days."""

import re
from collections import Counter
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.oms.item import gtin_of as scanned_gtin
from seed.streams import Line, Window, barcodes, dice, opening_stock, towns
from seed.streams.happenings import one_line_per_item

SKUS = st.one_of(st.integers(1, 10**10 - 1).map(str), st.from_regex(r"[0-9]{5}[A-Z]{0,2}", fullmatch=True))
WORDS = st.lists(st.text(min_size=1), min_size=1, max_size=3)


@given(SKUS)
def test_every_barcode_is_one_a_scanner_accepts_in_the_range_kept_for_shops(sku):
    gtin = barcodes.gtin_of(sku)

    assert re.fullmatch(r"2\d{12}", gtin)
    assert scanned_gtin(gtin) == f"0{gtin}"
    assert barcodes.gtin_of(sku) == gtin


@given(st.text("0123456789", min_size=12, max_size=12), st.integers(0, 11), st.integers(1, 9))
def test_one_mistyped_digit_never_passes_for_another_item(digits, position, shift):
    mistyped = f"{digits[:position]}{(int(digits[position]) + shift) % 10}{digits[position + 1 :]}"

    assert barcodes.check_digit(digits) != barcodes.check_digit(mistyped)


def test_a_check_digit_is_the_one_printed_on_a_real_product():
    assert barcodes.check_digit("400638133393") == "1"


@given(st.sets(SKUS, max_size=50))
def test_no_two_items_share_a_barcode(skus):
    assert len({barcodes.gtin_of(sku) for sku in skus}) == len(skus)


@given(WORDS, st.integers(1, 1000))
def test_the_dice_fall_the_same_way_for_the_same_words(words, sides):
    fell = dice.pick(sides, *words)

    assert fell == dice.pick(sides, *words)
    assert 0 <= fell < sides
    assert not dice.falls_within(0, *words)
    assert dice.falls_within(1, *words)


def test_the_dice_fall_the_same_way_on_every_machine():
    assert dice.pick(1000, "pickup", "33657937865") == 473


def test_the_share_that_falls_within_is_the_share_that_was_asked_for():
    fallen = sum(dice.falls_within(0.2, "pickup", str(basket)) for basket in range(10_000))

    assert 1_900 < fallen < 2_100


LINES = st.lists(
    st.builds(Line, sku=st.sampled_from("ABC"), quantity=st.integers(1, 9), unit_price_minor=st.integers(0, 999))
)


@given(LINES)
def test_an_item_rung_up_twice_is_one_line_with_all_its_units(lines):
    together = one_line_per_item(lines)

    wanted: Counter[str] = Counter()
    for line in lines:
        wanted[line.sku] += line.quantity
    assert {line.sku: line.quantity for line in together} == wanted
    assert len(together) == len(wanted)


def test_joining_two_lines_keeps_what_was_paid():
    assert one_line_per_item([Line("A", 1, 100), Line("A", 3, 200)]) == (Line("A", 4, 175),)


def test_most_shelves_hold_enough_and_a_few_too_little():
    demand = {("01", str(sku)): 4 for sku in range(2_000)}

    on_hand = Counter(shelf.on_hand for shelf in opening_stock.for_demand(demand))

    assert set(on_hand) == {2, 6}
    assert 30 < on_hand[2] < 90


def test_a_shelf_for_what_only_comes_back_starts_empty():
    assert [shelf.on_hand for shelf in opening_stock.for_demand({("01", "A"): 0})] == [0]


def test_a_day_is_as_long_as_the_stores_clocks_make_it():
    new_york = ZoneInfo("America/New_York")

    assert Window(date(2017, 3, 12), date(2017, 3, 12)).instants(new_york) == (
        datetime(2017, 3, 12, 5, tzinfo=UTC),
        datetime(2017, 3, 13, 4, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("window", "words"),
    [
        (Window(), "the first day to the last day"),
        (Window(date(2017, 6, 17)), "2017-06-17 to the last day"),
        (Window(date(2017, 6, 17), date(2017, 6, 17)), "2017-06-17"),
    ],
)
def test_a_window_says_which_days_it_holds(window, words):
    assert str(window) == words


def test_five_hundred_stores_have_five_hundred_names():
    assert len({towns.town(rank) for rank in range(500)}) == 500
