"""The Online Retail file: handmade invoices with its quirks, and the real year where it is at hand."""

import gzip
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from seed.streams import Basket, Cancellation, Line, ReturnedLine, online_retail, open_stream
from seed.streams.invoice_file import HEADER, OtherFile
from seed.streams.retail_goods import BY_HAND, CARRIAGE, FEE, NO_CODE, SAMPLE, VOUCHER, why_not_goods

REAL = Path(__file__).parents[2].parent / "shared" / "data" / "online_retail_lines.csv.gz"


@pytest.fixture
def written(tmp_path):
    """A file of the given lines: invoice, code, quantity, time, price, customer."""

    def write(*lines: str, header: tuple[str, ...] = HEADER) -> str:
        path = tmp_path / "invoices.csv"
        path.write_text("\n".join([",".join(header), *(f"{line},United Kingdom" for line in lines)]), encoding="utf-8")
        return str(path)

    return write


def test_an_invoice_is_a_basket_and_its_time_is_londons(written):
    stream = open_stream(
        written(
            "536365,85123A,6,2011-07-01 08:26:00,2.55,17850.0",
            "536365,71053,2,2011-07-01 08:26:00,3.39,17850.0",
        ),
        pickup_share=1,
    )

    assert list(stream.events()) == [
        Basket(
            external_id="536365",
            store_code=stream.world().stores[0].code,
            at=datetime(2011, 7, 1, 7, 26, tzinfo=UTC),
            lines=(Line("85123A", 6, 255), Line("71053", 2, 339)),
            household="17850",
            is_pickup=True,
        )
    ]


def returned(stream) -> list[tuple[ReturnedLine, ...]]:
    return [happening.lines for happening in stream.events() if isinstance(happening, Cancellation)]


def test_goods_come_back_from_the_customers_latest_purchase_first(written):
    stream = open_stream(
        written(
            "1,10002,5,2011-01-04 09:00:00,1.00,7",
            "2,10002,3,2011-01-05 09:00:00,1.00,7",
            "3,10002,9,2011-01-05 09:30:00,1.00,8",
            "C4,10002,-4,2011-01-06 09:00:00,1.00,7",
            "C5,10002,-2,2011-01-06 10:00:00,1.00,7",
        )
    )

    assert returned(stream) == [
        (ReturnedLine("10002", 3, 100, "2"), ReturnedLine("10002", 1, 100, "1")),
        (ReturnedLine("10002", 2, 100, "1"),),
    ]


def test_what_nobody_is_known_to_have_bought_is_a_plain_return(written):
    stream = open_stream(
        written(
            "1,10002,1,2011-01-04 09:00:00,1.00,7",
            "C2,10002,-3,2011-01-05 09:00:00,1.00,7",
            "C3,10080,-1,2011-01-05 09:00:00,1.00,7",
            "C4,10002,-1,2011-01-06 09:00:00,1.00,",
        )
    )

    assert returned(stream) == [
        (ReturnedLine("10002", 1, 100, "1"), ReturnedLine("10002", 2, 100, None)),
        (ReturnedLine("10080", 1, 100, None),),
        (ReturnedLine("10002", 1, 100, None),),
    ]
    assert {shelf.sku for shelf in stream.world().stock} == {"10002", "10080"}


def test_a_return_reaches_the_store_the_customer_shops_in(written):
    stream = open_stream(written("1,10002,1,2011-01-04 09:00:00,1.00,7", "C2,10002,-1,2011-01-05 09:00:00,1.00,7"))

    assert len({happening.store_code for happening in stream.events()}) == 1


def test_rows_that_are_no_goods_are_counted_by_reason(written):
    stream = open_stream(
        written(
            "1,10002,1,2011-01-04 09:00:00,1.00,7",
            "1,POST,1,2011-01-04 09:00:00,18.00,7",
            "1,10002,0,2011-01-04 09:00:00,1.00,7",
            "2,10002,-5,2011-01-04 09:01:00,0.00,",
            "3,10002,5,2011-01-04 09:02:00,0.00,",
            "4,10002,80995,2011-01-04 09:03:00,1.04,7",
            "5,10002,some,2011-01-04 09:04:00,1.04,7",
            "C6,10002,2,2011-01-04 09:05:00,1.04,7",
            "7,10002",
        )
    )

    assert stream.skipped == {
        CARRIAGE: 1,
        online_retail.ADJUSTMENT: 3,
        online_retail.NO_PRICE: 1,
        online_retail.BEYOND_ANY_ORDER: 1,
        online_retail.UNREADABLE: 2,
    }
    assert (stream.rows, stream.total) == (9, 1)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("85123A", None), ("22423", None), ("15056BL", None), ("DCGSSGIRL", None), ("DCGS0066P", None),
        ("POST", CARRIAGE), ("DOT", CARRIAGE), ("C2", CARRIAGE), ("M", BY_HAND), ("D", BY_HAND), ("S", SAMPLE),
        ("PADS", SAMPLE), ("TEST001", SAMPLE), ("GIFT_0001_20", VOUCHER), ("BANK CHARGES", FEE), ("AMAZONFEE", FEE),
        ("CRUK", FEE), ("B", FEE), ("", NO_CODE), ("23843?", NO_CODE),
    ],
)  # fmt: skip
def test_a_stock_code_tells_goods_from_the_rest(code, reason):
    assert why_not_goods(code) == reason


def test_codes_that_differ_in_capitals_only_are_one_item(written):
    stream = open_stream(
        written("1,85123a,1,2011-01-04 09:00:00,1.00,7", "1,85123A,3,2011-01-04 09:00:00,2.00,7"), pickup_share=0
    )

    [basket] = stream.events()
    assert basket.lines == (Line("85123A", 4, 175),)


def test_an_invoice_that_goes_on_while_the_next_is_written_stays_one(written):
    stream = open_stream(
        written(
            "1,10002,1,2011-02-01 11:19:00,1.00,7",
            "2,10002,1,2011-02-01 11:19:00,1.00,8",
            "1,10080,1,2011-02-01 11:20:00,1.00,7",
        )
    )

    assert [(basket.external_id, len(basket.lines)) for basket in stream.events()] == [("1", 2), ("2", 1)]


def test_an_invoice_without_a_customer_is_never_an_online_order(written):
    stream = open_stream(
        written("1,10002,1,2011-01-04 09:00:00,1.00,", "2,10002,1,2011-01-04 09:00:00,1.00,7"), pickup_share=1
    )

    baskets = [happening for happening in stream.events() if isinstance(happening, Basket)]
    assert [(basket.household, basket.is_pickup) for basket in baskets] == [(None, False), ("7", True)]


def test_stores_open_long_enough_for_every_invoice(written):
    stream = open_stream(written("1,10002,1,2011-01-04 06:20:00,1.00,7", "2,10002,1,2011-01-04 20:18:00,1.00,7"))

    assert {(store.opens_min, store.closes_min) for store in stream.world().stores} == {(6 * 60, 21 * 60)}


def test_only_the_chosen_days_are_played(written):
    path = written(
        "1,10002,1,2011-01-04 09:00:00,1.00,7",
        "2,10002,1,2011-01-05 09:00:00,1.00,7",
        "3,10002,1,2011-01-06 09:00:00,1.00,7",
    )

    stream = open_stream(path, first=date(2011, 1, 5), last=date(2011, 1, 5))

    assert [basket.external_id for basket in stream.events()] == ["2"]


def test_descriptions_name_the_items_where_the_file_has_them(tmp_path):
    path = tmp_path / "described.csv"
    path.write_text(
        "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
        "1,22752,SET 7 BABUSHKA NESTING BOXES ,1,2011-01-04 09:00:00,7.65,7,United Kingdom\n"
        "1,10080,,1,2011-01-04 09:00:00,0.39,7,United Kingdom\n",
        encoding="utf-8",
    )

    items = open_stream(str(path)).world().items

    assert [(item.sku, item.name, item.price_minor) for item in items] == [
        ("10080", "Gift 10080", 39),
        ("22752", "Set 7 babushka nesting boxes", 765),
    ]


def test_a_gzipped_file_reads_like_a_plain_one(written, tmp_path):
    plain = Path(written("1,10002,1,2011-01-04 09:00:00,1.00,7"))
    packed = tmp_path / "invoices.csv.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))

    assert list(open_stream(str(packed)).events()) == list(open_stream(str(plain)).events())


def test_a_file_of_another_kind_is_refused_by_its_header(tmp_path):
    other = tmp_path / "incidents.csv"
    other.write_text("number,priority\nINC1,3\n", encoding="utf-8")

    with pytest.raises(OtherFile, match=r"incidents\.csv is not an Online Retail file: its first line must name"):
        open_stream(str(other))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04\xff\xfe\x00\x01 a spreadsheet"])
def test_a_file_that_is_no_table_is_refused_with_a_sentence(tmp_path, content):
    other = tmp_path / "sheet.xlsx"
    other.write_bytes(content)

    with pytest.raises(OtherFile, match=r"sheet\.xlsx"):
        open_stream(str(other))


def test_a_broken_archive_is_refused_with_a_sentence(tmp_path):
    broken = tmp_path / "cut.csv.gz"
    broken.write_bytes(gzip.compress(",".join(HEADER).encode() * 1000)[:40])

    with pytest.raises(OtherFile, match="can't be read"):
        open_stream(str(broken))


def test_a_file_that_is_not_there_is_refused_with_a_sentence(tmp_path):
    with pytest.raises(OtherFile, match="There is no file"):
        open_stream(str(tmp_path / "nothing.csv"))


def test_a_file_out_of_order_is_refused_because_its_days_would_be_played_backwards(written):
    path = written("1,10002,1,2011-01-05 09:00:00,1.00,7", "2,10002,1,2011-01-04 09:00:00,1.00,7")

    with pytest.raises(OtherFile, match="sort the file by InvoiceDate"):
        open_stream(path)


@pytest.fixture(scope="module")
def real_year():
    if not REAL.exists():
        pytest.skip(f"the Online Retail file isn't at hand (looked for {REAL.name} in ../shared/data)")
    return open_stream(str(REAL))


def test_the_real_year_has_the_orders_sales_and_returns_we_counted(real_year):
    assert (real_year.rows, real_year.skipped.total()) == (541_909, 5_451)
    assert (real_year.orders, real_year.till_sales, real_year.returns) == (3_691, 16_080, 3_420)


def test_the_real_year_plays_in_order_and_each_invoice_once(real_year):
    seen = [(happening.at, happening.external_id) for happening in real_year.events()]

    assert [at for at, _ in seen] == sorted(at for at, _ in seen)
    assert len({number for _, number in seen}) == len(seen) == real_year.total


def test_the_real_year_makes_twelve_stores_of_items_with_barcodes_of_their_own(real_year):
    world = real_year.world()

    assert len(world.stores) == 12
    assert len({item.gtin for item in world.items}) == len(world.items) == 3_811
    assert {(store.opens_min, store.closes_min) for store in world.stores} == {(360, 1260)}
