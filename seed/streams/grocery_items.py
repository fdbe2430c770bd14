"""A grocer's product as an item of ours: what it is called and how it wants to be handled."""

import re

from seed.streams.barcodes import gtin_of
from seed.streams.grocery_aisles import aisle_of, place_in
from seed.streams.grocery_goods import Product
from seed.streams.grocery_names import detail_of, name_of
from seed.streams.package_size import kilograms
from seed.streams.world import ItemSpec

HEAVY_FROM_KG = 3.7
"""A gallon of milk and up: what does not go on top of a bag."""

_COLD_AISLES = {"meat", "deli", "dairy", "frozen"}
_COLD = "PRODUCE/(SALAD MIX|VALUE ADDED|BERRIES|PROCESSED)|SALAD BAR|CHEF SHOPPE"
_ID_CATEGORIES = "(BEERS/ALES|DOMESTIC WINE|IMPORTED WINE|MISC WINE|LIQUOR|CIGARETTES|CIGARS|TOBACCO OTHER)$"
_ID_TYPES = "AGE RESTRICTED|BEERALEMALT"
_NO_ID_TYPES = "NON-ALCOH|COCKTAIL MIXES|MARGARITA|CHARCOAL|CANDLES|DECOR"
_FRAGILE = "^FLORAL/|/EGGS|GLASSWARE|ELECTRICAL|PASTRY/(CAKES|PIES)|WINE|LIQUOR"
_BIG_PACKS = r"SOFT DRINKS (12/18|20PK)|CAT LITTER"
_SIZE_IS_NOT_ITS_WEIGHT = "WRAPS|HOUSEWARES|PRODUCE|FLORAL|APPLIANCES|STORAGE"
"""The gallons a bin bag holds, the quarts of a box, the case loose onions came in."""


def item_of(product: Product, *, price_minor: int) -> ItemSpec:
    sku = str(product.product_id)
    aisle = aisle_of(product)
    stands_under = f"{product.department}/{product.product_category}"
    return ItemSpec(
        sku=sku,
        gtin=gtin_of(sku),
        name=name_of(product),
        detail=detail_of(product),
        image=aisle,
        price_minor=price_minor,
        place=place_in(aisle, sku),
        is_cold=aisle in _COLD_AISLES or re.search(_COLD, stands_under) is not None,
        needs_id=_needs_id(product),
        is_heavy=_is_heavy(product, stands_under),
        is_fragile=re.search(_FRAGILE, stands_under) is not None,
    )


def _needs_id(product: Product) -> bool:
    if re.match(_NO_ID_TYPES, product.product_type):
        return False
    return bool(re.match(_ID_CATEGORIES, product.product_category) or re.match(_ID_TYPES, product.product_type))


def _is_heavy(product: Product, stands_under: str) -> bool:
    if re.match(_BIG_PACKS, product.product_type):
        return True
    return not re.search(_SIZE_IS_NOT_ITS_WEIGHT, stands_under) and kilograms(product.package_size) >= HEAVY_FROM_KG
