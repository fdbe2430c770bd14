"""The Complete Journey as it comes with its package: one real day, and what of it is goods."""

import sys
from datetime import UTC, date, datetime, timedelta

import pytest

from app.people.hours import DayRule, OpeningHours
from seed.streams import Basket, Window, open_stream
from seed.streams.complete_journey import ZONE
from seed.streams.grocery_aisles import WALK
from seed.streams.grocery_goods import COUPON, FUEL, NAMELESS, SERVED, UNLISTED, VOUCHER, Product, why_not_goods
from seed.streams.grocery_items import item_of
from seed.streams.grocery_receipts import MissingBaskets, Receipts
from seed.streams.package_size import kilograms
from seed.streams.stream import NothingHappened, Stream

DAY = date(2017, 6, 17)


@pytest.fixture(scope="module")
def saturday() -> Stream:
    return open_stream("completejourney", first=DAY, last=DAY)


def test_a_real_saturday_has_the_orders_and_sales_we_counted(saturday):
    assert (saturday.total, saturday.orders, saturday.till_sales, saturday.returns) == (413, 95, 318, 0)


def test_every_row_is_either_played_or_counted_as_left_out(saturday):
    played = sum(len(basket.lines) for basket in saturday.events())

    assert played + saturday.skipped.total() == saturday.rows == 4_242
    assert saturday.skipped[FUEL] == 43


def test_what_is_left_out_is_said_with_its_reason(saturday):
    words = saturday.describe()

    assert "4,242 rows: 4,156 of goods, 86 left out." in words
    assert all(reason in words for reason in saturday.skipped)
    assert "20% of the baskets" in words


def test_events_come_in_the_order_they_happened_within_the_stores_day(saturday):
    instants = [basket.at for basket in saturday.events()]

    assert instants == sorted(instants)
    assert {at.astimezone(ZONE).date() for at in instants} == {DAY}
    assert all(at.tzinfo is UTC for at in instants)


def test_the_same_days_give_the_same_stream(saturday):
    again = open_stream("completejourney", first=DAY, last=DAY)

    assert list(again.events()) == list(saturday.events())
    assert again.world() == saturday.world()


def test_the_pickup_share_chooses_how_many_are_orders():
    none = open_stream("completejourney", first=DAY, last=DAY, pickup_share=0)
    every = open_stream("completejourney", first=DAY, last=DAY, pickup_share=1)

    assert (none.orders, every.till_sales) == (0, 0)


def test_the_world_holds_exactly_what_the_day_needs(saturday):
    world = saturday.world()
    lines = [(basket.store_code, line) for basket in saturday.events() for line in basket.lines]

    assert {store.code for store in world.stores} == {code for code, _ in lines}
    assert {item.sku for item in world.items} == {line.sku for _, line in lines}
    assert {(shelf.store_code, shelf.sku) for shelf in world.stock} == {(code, line.sku) for code, line in lines}
    assert {region.code for region in world.regions} == {store.region for store in world.stores}
    assert world.currency == "USD"


def test_items_can_be_told_apart_and_found(saturday):
    items = saturday.world().items

    assert len({item.gtin for item in items}) == len(items)
    assert all(item.name and item.detail and item.price_minor >= 0 for item in items)
    assert {item.image for item in items} <= set(WALK)
    assert all(item.place.bin.startswith(item.place.aisle) for item in items)


def test_stock_runs_short_for_some_orders_and_not_for_most(saturday):
    left = {(shelf.store_code, shelf.sku): shelf.on_hand for shelf in saturday.world().stock}
    short = 0
    for basket in saturday.events():
        for line in basket.lines:
            left[basket.store_code, line.sku] -= line.quantity
            short += left[basket.store_code, line.sku] < 0

    assert 0 < short < 0.06 * saturday.rows


def test_every_sale_falls_in_its_stores_opening_hours(saturday):
    hours = {
        store.code: OpeningHours.of(store.zone, {day: [DayRule(store.opens_min, store.closes_min)] for day in range(7)})
        for store in saturday.world().stores
    }

    assert all(hours[basket.store_code].is_open(basket.at) for basket in saturday.events())


def test_a_store_keeps_its_name_and_region_whichever_days_are_played(saturday):
    sunday = open_stream("completejourney", first=DAY + timedelta(days=1), last=DAY + timedelta(days=1))

    both = {store.code: store for store in saturday.world().stores}
    shared = [store for store in sunday.world().stores if store.code in both]
    assert len(shared) > 50
    assert all(store == both[store.code] for store in shared)


def test_a_basket_bought_after_midnight_utc_still_belongs_to_the_stores_evening(saturday):
    evening = [basket for basket in saturday.events() if basket.at >= datetime(2017, 6, 18, tzinfo=UTC)]

    assert len(evening) > 50


def test_the_instants_are_utc_because_only_so_is_the_data_the_calendar_year():
    seconds = [row.seconds for row in Receipts(Window(), ZONE)]

    first, last = (datetime.fromtimestamp(bound, ZONE) for bound in (min(seconds), max(seconds)))
    assert (first.date(), last.date()) == (date(2017, 1, 1), date(2017, 12, 31))


def test_days_outside_the_data_are_refused_with_a_sentence():
    with pytest.raises(NothingHappened, match="2020-01-01: no goods were sold"):
        open_stream("completejourney", first=date(2020, 1, 1), last=date(2020, 1, 1))


def test_without_the_extra_the_refusal_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    for module in ("pyarrow", "pyarrow.parquet"):  # they come with the extra too
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingBaskets, match=r"readyshelf\[baskets\]"):
        Receipts(Window(), ZONE, package="completejourney_that_is_not_there")


def product(department="GROCERY", category="SOUP", kind="CONDENSED SOUP", size="10 OZ") -> Product:
    return Product(25671, 69, department, "National", category, kind, size)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (None, UNLISTED),
        (product(kind=""), NAMELESS),
        (product("FUEL", "COUPON/MISC ITEMS", "GASOLINE-REG UNLEADED"), FUEL),
        (product("MISCELLANEOUS", "COUPON/MISC ITEMS", "GASOLINE-REG UNLEADED"), FUEL),
        (product("MISCELLANEOUS", "COUPON/MISC ITEMS", "MEAT SUPPLIES"), COUPON),
        (product("DRUG GM", "PREPAID WIRELESS&ACCESSORIES", "PREPAID WIRELESS CARDS"), VOUCHER),
        (product("RESTAURANT", "COFFEE SHOP", "SV BEV: COFFEE DINE IN"), SERVED),
        (product("TRAVEL & LEISURE", "APPLES", "APPLES BRAEBURN (BULK&BAG)"), None),
        (product("PHOTO & VIDEO", "REFRGRATD DOUGH PRODUCTS", "MISC REFRIG DOUGH PRODUCTS"), None),
        (product(), None),
    ],
)
def test_goods_are_told_by_what_they_are_not_by_the_department_they_stand_under(row, reason):
    assert why_not_goods(row) == reason


@pytest.mark.parametrize(
    ("row", "handling"),
    [
        (product("GROCERY", "FROZEN PIZZA", "PIZZA/PREMIUM", "20 OZ"), "cold"),
        (product("GROCERY", "FLUID MILK PRODUCTS", "FLUID MILK WHITE ONLY", "1 GA"), "cold heavy"),
        (product("MEAT", "BEEF", "LEAN", ""), "cold"),
        (product("GROCERY", "MEAT - SHELF STABLE", "CHILI: CANNED", "15 OZ"), ""),
        (product("GROCERY", "EGGS", "EGGS - LARGE", "1 DZ"), "cold fragile"),
        (product("SPIRITS", "LIQUOR", "TRADITIONAL VODKA", "750 ML"), "id fragile"),
        (product("DRUG GM", "CIGARETTES", "CIGARETTES", "PK"), "id"),
        (product("GROCERY", "MISC WINE", "NON-ALCOHLIC WINES", "750 ML"), "fragile"),
        (product("DRUG GM", "AUDIO/VIDEO PRODUCTS", "AGE RESTRICTED DVD S", ""), "id"),
        (product("GROCERY", "DOG FOODS", "DRY DOG FOOD PREMIUM (ALPO/PUR", "20 LB"), "heavy"),
        (product("GROCERY", "SOFT DRINKS", "SOFT DRINKS 12/18&15PK CAN CAR", "12 OZ"), "heavy"),
        (product("GROCERY", "FD WRAPS/BAGS/TRSH BG", "GARBAGE KITCHEN COMPACTOR BA", "13 GAL"), ""),
        (product("PRODUCE", "ONIONS", "ONIONS SWEET (BULK&BAG)", "40 LB"), ""),
    ],
)
def test_handling_follows_from_what_the_product_list_says(row, handling):
    item = item_of(row, price_minor=199)

    told = {"cold": item.is_cold, "id": item.needs_id, "heavy": item.is_heavy, "fragile": item.is_fragile}
    assert " ".join(word for word, is_so in told.items() if is_so) == handling


@pytest.mark.parametrize(
    ("kind", "category", "name"),
    [
        ("CANDY BARS (SINGLES)(INCLUDING", "CANDY - CHECKLANE", "Candy bars (singles)"),
        ("PREMIUM", "ICE CREAM/MILK/SHERBTS", "Ice cream/milk/sherbts: premium"),
        ("FRZN SS PREMIUM ENTREES/DNRS/N", "FRZN MEAT/MEAT DINNERS", "Frozen single serve premium entrees/dinners"),
        ("BANANAS", "TROPICAL FRUIT", "Bananas"),
    ],
)
def test_names_are_words_a_person_can_pick_by(kind, category, name):
    assert item_of(product(category=category, kind=kind), price_minor=1).name == name


@pytest.mark.parametrize(
    ("words", "weight"),
    [("22 LB", 9.98), ("2/12 OZ", 0.68), ("12 PK/12 OZ", 4.08), ("GAL", 3.79), ("750 ML", 0.75), ("24 LOADS", 0),
     ("", 0), ("300 CT(1)", 0), ("971838 LB", 0)],
)  # fmt: skip
def test_a_package_weighs_what_its_words_say(words, weight):
    assert kilograms(words) == pytest.approx(weight, abs=0.005)


def test_a_basket_names_its_household_and_pays_what_the_till_took(saturday):
    first = next(saturday.events())

    assert isinstance(first, Basket)
    assert (first.external_id, first.store_code, first.household) == ("33657937865", "32004", "2194")
    assert [(line.sku, line.quantity, line.unit_price_minor) for line in first.lines] == [
        ("962118", 1, 59),
        ("7025189", 2, 250),
    ]
