"""Which invoice lines of the online retailer are goods that can be picked, and why the others are not."""

import re

CARRIAGE = "postage and carriage"
FEE = "bank charge, fee, commission or bad debt"
BY_HAND = "amount entered by hand, or a discount"
SAMPLE = "sample, packing or test"
VOUCHER = "gift voucher"
NO_CODE = "no stock code"

_NOT_GOODS = {
    "POST": CARRIAGE,
    "DOT": CARRIAGE,
    "C2": CARRIAGE,
    "BANK CHARGES": FEE,
    "AMAZONFEE": FEE,
    "CRUK": FEE,
    "B": FEE,
    "M": BY_HAND,
    "D": BY_HAND,
    "S": SAMPLE,
    "PADS": SAMPLE,
}
_NOT_GOODS_BEGIN = {"GIFT_": VOUCHER, "TEST": SAMPLE}
_GOODS = re.compile(r"\d{5}[A-Z]{0,2}|DCGS[A-Z0-9]+")


def why_not_goods(sku: str) -> str | None:
    """A code of five digits, with a letter or two for the colour, is an article; so are the shop's own DCGS bags."""
    if _GOODS.fullmatch(sku):
        return None
    if sku in _NOT_GOODS:
        return _NOT_GOODS[sku]
    return next((reason for begin, reason in _NOT_GOODS_BEGIN.items() if sku.startswith(begin)), NO_CODE)
