"""What the demo's shops sell: some sixty things, where they stand, and what they cost in pence."""

from seed.streams import ItemSpec, PlaceSpec
from seed.streams.barcodes import gtin_of

GOODS = """
mug      Stoneware mug|Ivory, 350 ml|795; Enamel mug|Forest green|650; Espresso cup|Set of 2|1200
mug      Travel mug|Steel, 450 ml|1895
shirt    Oxford shirt|White, M|2995; Linen shirt|Sand, L|3495; Rain jacket|Navy, S|5995; Merino jumper|Oat, M|4995
socks    Wool socks|Grey, 39–42|895; Running socks|Pair, 36–38|995; Bed socks|Rust, one size|1100
lamp     Desk lamp|Brass|4500; Bedside lamp|Opal glass|3850; Clip lamp|Black|1995
kettle   Stovetop kettle|Cream, 1.7 l|3995; Electric kettle|Steel|4495; Teapot|Cast iron, 0.8 l|2995
throw    Wool throw|Heather, 130 × 180|4900; Cotton throw|Terracotta|2900; Picnic blanket|Waterproof back|2495
bottle   Olive oil|Extra virgin, 500 ml|950; Washing-up liquid|Lemon, 740 ml|240; Shampoo|Rosemary, 300 ml|650
bottle   Elderflower cordial|500 ml|425
book     Notebook|Dotted, A5|850; Puzzle book|Hard|599; Weekly planner|2027|1250; Field guide|Garden birds|1499
toy      Wooden train|Beech|2200; Bear|Brown, 30 cm|1850; Building blocks|48 pieces|2450; Jigsaw|500 pieces|1399
candle   Beeswax candle|Pair|1150; Scented candle|Fig, 220 g|1800; Tea lights|Pack of 30|499
bag      Canvas tote|Natural|1400; Backpack|Slate, 18 l|4995; Wash bag|Striped|1695; Flour|Strong white, 1.5 kg|210
clock    Wall clock|Oak, 30 cm|3495; Alarm clock|Mint|1999; Kitchen timer|Red|899
plate    Dinner plate|Speckled, 27 cm|1250; Side plate|Speckled, 20 cm|950; Serving bowl|Blue rim|2495
can      Chopped tomatoes|400 g|95; Chickpeas|400 g|85; Ground coffee|Tin, 250 g|695; Paint|Soft white, 2.5 l|2899
fruit    Lemons|Net of 5|165; Apples|Cox, pack of 6|220; Bananas|Fairtrade, 5|110
box      Storage box|Lidded, 24 l|1295; Tea|Breakfast, 80 bags|320; Oats|Jumbo, 1 kg|190; Gift box|Medium|450
""".strip()
COLD = """
milk     Whole milk|2 pints|145; Oat milk|Barista, 1 l|210; Crème fraîche|300 ml|175
box      Butter|Salted, 250 g|235; Frozen peas|900 g|195; Halloumi|225 g|290
""".strip()
WITH_ID = """
bottle   Dry cider|500 ml|280; Rioja|75 cl|1095; London gin|70 cl|2450
""".strip()

HEAVY = {"Paint", "Storage box", "Teapot"}
FRAGILE = {"Dinner plate", "Side plate", "Serving bowl", "Stoneware mug", "Bedside lamp", "Espresso cup"}
SOLD_OUT = "Field guide"
BINS_IN_AISLE = 8
AISLES = "ABCDEGHJ"


def items() -> tuple[ItemSpec, ...]:
    plain = [_item(turn, *goods) for turn, goods in enumerate(_read(GOODS))]
    with_id = [_item(turn, *goods, needs_id=True) for turn, goods in enumerate(_read(WITH_ID), len(plain))]
    cold = [_item(turn, *goods, is_cold=True) for turn, goods in enumerate(_read(COLD))]
    return (*plain, *with_id, *cold)


def _read(table: str) -> list[tuple[str, str, str, int]]:
    """Picture, name, detail, price."""
    found = []
    for row in table.splitlines():
        image, goods = row.split(maxsplit=1)
        for one in goods.split(";"):
            name, *detail, price = one.strip().split("|")
            found.append((image, name, ", ".join(detail), int(price)))
    return found


def _item(turn: int, *goods: str | int, is_cold: bool = False, needs_id: bool = False) -> ItemSpec:
    image, name, detail, price = (str(word) for word in goods)
    aisle = "F" if is_cold else AISLES[turn // BINS_IN_AISLE]
    bin_code = f"{aisle}{turn % BINS_IN_AISLE + 1 + 2 * (not is_cold):02}"
    sku = f"{9000 if is_cold else 4100}{turn:02}"
    return ItemSpec(
        sku=sku, gtin=gtin_of(sku), name=name, detail=detail, image=image, price_minor=int(price),
        place=PlaceSpec(aisle=aisle, bin=bin_code, walk_sequence=turn + 900 * is_cold), is_cold=is_cold,
        needs_id=needs_id, is_heavy=name in HEAVY, is_fragile=name in FRAGILE,
    )  # fmt: skip
