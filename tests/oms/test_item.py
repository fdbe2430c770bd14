from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session

from app.oms.item import Item, NotSoldSo, UnknownBarcode, gtin_of, scanned_item

GTIN = "05901234123457"
FNC1 = "\x1d"
ODD = st.text(alphabet=st.sampled_from("0123456789()[]{}CdEQ:/.%?&=+- htpsé\x1d\0\n"), max_size=60)
BEGINNINGS = st.sampled_from(["", "]", "]C1", "]d2", "https://", "https://[", "https://id.gs1.org/01/", "(01)", "01"])


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("EAN-13", "5901234123457"),
        ("EAN-13 with what a hand leaves around it", " 5901234123457\n"),
        ("EAN-13 with its symbology", "]E05901234123457"),
        ("GTIN-14", "05901234123457"),
        ("GS1-128 whose scanner says so", "]C10105901234123457172612311021LOT"),
        ("GS1-128 in lower case", "]c10105901234123457"),
        ("GS1-128 with FNC1 between its fields", f"]C1010590123412345710AB{FNC1}17261231"),
        ("GS1-128 whose scanner says nothing", f"010590123412345710AB{FNC1}21XYZ"),
        ("GS1-128 that begins with FNC1", f"{FNC1}0105901234123457"),
        ("GS1 DataMatrix", f"]d20105901234123457{FNC1}21SERIAL"),
        ("GS1 DataBar", "]e00105901234123457"),
        ("GS1 QR", "]Q30105901234123457"),
        ("GS1 Digital Link", "https://id.gs1.org/01/05901234123457/10/LOT?17=261231"),
        ("GS1 Digital Link on the brand's own site", "https://example.com/01/05901234123457"),
    ],
)
def test_every_label_of_an_item_reads_as_its_one_number(kind: str, code: str):
    assert gtin_of(code) == GTIN, kind


def test_shorter_numbers_are_filled_up():
    assert gtin_of("036000291452") == "00036000291452"
    assert gtin_of("]E0036000291452") == "00036000291452"
    assert gtin_of("96385074") == "00000096385074"
    assert gtin_of("]E496385074") == "00000096385074"


@pytest.mark.parametrize(
    "code",
    [
        "5901234123458",
        "LOC-S-06",
        "PU-1001-ABCD",
        "BADGE-maya",
        "TOTE-7",
        "MUG",
        "",
        "]",
        "]C1",
        "https://[",
        "http://x/y",
    ],
)
def test_a_typing_error_and_our_own_labels_are_no_items_number(code: str):
    assert gtin_of(code) is None


@given(BEGINNINGS, ODD)
def test_whatever_is_scanned_is_read_or_not_but_never_breaks(beginning: str, rest: str):
    assert gtin_of(beginning + rest) is None or len(gtin_of(beginning + rest) or "") == 14


@pytest.fixture
def shelf(session: Session) -> Session:
    session.add_all([
        Item(sku="MUG-350", gtin=GTIN, name="Mug"), Item(sku="22423", name="Cake stand"),
        Item(sku="12345670", name="Pen"),
    ])  # fmt: skip
    session.flush()
    return session


def test_an_item_is_found_by_any_of_its_labels_or_its_sku(shelf: Session):
    codes = ["5901234123457", "]C10105901234123457", "https://example.com/01/05901234123457", " MUG-350 "]

    assert {scanned_item(shelf, code).sku for code in codes} == {"MUG-350"}
    assert scanned_item(shelf, "22423").name == "Cake stand"


def test_a_sku_that_could_be_a_number_too_is_still_a_sku(shelf: Session):
    assert gtin_of("12345670") is not None
    assert scanned_item(shelf, "12345670").name == "Pen"


def test_a_whole_case_is_not_one_of_its_units(shelf: Session):
    with pytest.raises(UnknownBarcode):
        scanned_item(shelf, "15901234123454")


@pytest.mark.parametrize("code", ["4006381333931", "nonsense", "https://[", "]", "LOC-S-06"])
def test_what_is_none_of_ours_is_said_with_what_to_do(shelf: Session, code: str):
    with pytest.raises(UnknownBarcode, match=r"isn't a code of ours\. Scan the label again"):
        scanned_item(shelf, code)


def test_a_wrong_item_is_named_to_its_detail():
    assert Item(sku="1", name="Oat milk", detail="1 l").full_name == "Oat milk, 1 l"
    assert Item(sku="1", name="Oat milk").full_name == "Oat milk"
    assert Item(sku="MUG-350", name="Mug").code_ending == "-350"


CHEESE = Item(sku="CHEESE", name="Cheese", unit="kg", decimals=3)
MUG = Item(sku="MUG", name="Mug")


def test_what_is_weighed_is_counted_in_its_smallest_part():
    assert [CHEESE.units_of(amount) for amount in ("0.350", "2", 1, Decimal("0.001"))] == [350, 2000, 1000, 1]
    assert [CHEESE.amount_of(units) for units in (350, 2000, 1, -5)] == ["0.350", "2.000", "0.001", "-0.005"]
    assert [CHEESE.said(units) for units in (350, 2000, 0)] == ["0.35 kg", "2 kg", "0 kg"]
    assert (MUG.units_of("2.000"), MUG.amount_of(10), MUG.said(10)) == (2, "10", "10")


@pytest.mark.parametrize(
    ("item", "amount"), [(MUG, "1.5"), (CHEESE, "0.3505"), (MUG, "two"), (MUG, "NaN"), (CHEESE, "Infinity")]
)
def test_a_quantity_the_item_cannot_be_had_in_is_refused(item: Item, amount: str):
    with pytest.raises(NotSoldSo, match="is sold by the"):
        item.units_of(amount)


@given(st.integers(0, 3), st.integers(-(10**9), 10**9))
def test_units_written_down_and_read_again_are_the_same_units(decimals: int, units: int):
    item = Item(sku="X", name="X", decimals=decimals)
    assert item.units_of(item.amount_of(units)) == units


def test_the_price_of_a_part_is_rounded_half_up():
    assert (CHEESE.priced(350, 1299), CHEESE.priced(500, 1), MUG.priced(3, 255)) == (455, 1, 765)
