"""Barcodes for items whose real ones are not in the data: GTIN-13 in the range a shop may use for itself (prefix 2)."""

import re

from seed.streams import dice

RESTRICTED = "2"
NUMBERS = 10**11
FIRST_FOR_WORDS = 10**10
_PLAIN_NUMBER = re.compile("[1-9][0-9]{0,9}")


def gtin_of(sku: str) -> str:
    """A numeric sku stands in its barcode, so they never meet; any other gets a fixed number above all of those."""
    if _PLAIN_NUMBER.fullmatch(sku):
        number = int(sku)
    else:
        number = FIRST_FOR_WORDS + dice.pick(NUMBERS - FIRST_FOR_WORDS, "gtin", sku)
    digits = f"{RESTRICTED}{number:011d}"
    return digits + check_digit(digits)


def check_digit(digits: str) -> str:
    """GS1's: from the right, every other digit counts three times."""
    weighed = sum(int(digit) * (3, 1)[turn % 2] for turn, digit in enumerate(reversed(digits)))
    return str(-weighed % 10)
