"""A grocer's shop laid out: which aisle holds what, in the order of the walk."""

import re

from seed.streams import dice
from seed.streams.grocery_goods import Product
from seed.streams.world import PlaceSpec

BINS = 60

WALK = {
    "drinks": "A",
    "pantry": "B",
    "snacks": "C",
    "household": "D",
    "health": "E",
    "general": "G",
    "bakery": "H",
    "flowers": "J",
    "produce": "K",
    "bottle": "L",
    "meat": "M",
    "deli": "N",
    "dairy": "P",
    "frozen": "F",
}
"""Heavy things first, cold ones last. The name is also the item's picture, the letter the beginning of its bins."""

_CLAIMS = {
    "produce": "^(PRODUCE|SALAD BAR|CHEF SHOPPE|FROZEN GROCERY|TRAVEL)",
    "frozen": "FRZN|FROZEN|ICE CREAM",
    "meat": "^(MEAT|SEAFOOD)",
    "deli": "^DELI",
    "bakery": "^PASTRY|BAKED BREAD|/BREAD$",
    "flowers": "^(FLORAL|GARDEN)",
    "dairy": r"/(FLUID MILK|MILK BY|CHEESE|YOGURT|EGGS|BUTTER|MARGARINES|MISC\. DAIRY|REFRGRATD|REFRIGERATED)",
    "bottle": "/(BEERS|DOMESTIC WINE|IMPORTED WINE|MISC WINE|LIQUOR|CIGAR|TOBACCO)",
    "household": "TISS|TOWEL|HOUSEWARES|CLEANG|LAUNDRY|DISHWASH|BLEACH|WRAPS|/AIR CARE|BROOMS|IRONING|FOILWARE|FILTERS"
    "|INSECTICIDES|^GROCERY/(CAT|DOG|PET|BIRD)",
    "drinks": "SOFT DRINKS|WATER|JUICE|ISOTONIC|COFFEE|TEA|COCOA|DRNK|NEW AGE|BEVERAGE",
    "snacks": "CANDY|SNACK|SNKS|COOKIES|CRACKER|BRKFST|SWEET GOODS|CHIPS|RICE CAKES|FITNESS",
    "health": "^COSMETICS|HAIR|ORAL|SOAP|COLD AND|FEMININE|DEODOR|DIAPER|ANALG|BABY|SHAVING|HAND/|FIRST AID|INFANT"
    "|VITAMIN|DIET|ANTACID|SINUS|LAXA|EYE|FOOT|SUNTAN|PERSONAL|FAMILY|INCONT|HBC|PHARM|SMOKING|HEALTH|GLASSES",
    "general": "^(DRUG GM|TOYS|AUTOMOTIVE|GM MERCH)",
    "pantry": "",
}
"""The first to match "DEPARTMENT/CATEGORY" has it: that a pizza is frozen says more than that it is grocery."""


def aisle_of(product: Product) -> str:
    stands_under = f"{product.department}/{product.product_category}"
    return next(aisle for aisle, claim in _CLAIMS.items() if re.search(claim, stands_under))


def place_in(aisle: str, sku: str) -> PlaceSpec:
    shelf = 1 + dice.pick(BINS, "shelf", sku)
    letter = WALK[aisle]
    return PlaceSpec(letter, f"{letter}{shelf:02d}", walk_sequence=list(WALK).index(aisle) * 100 + shelf)
