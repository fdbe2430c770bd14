"""How heavy a package is, read from the words on it."""

import re

_UNITS = {
    "OZ": 0.02835, "LB": 0.4536, "KG": 1.0, "G": 0.001, "ML": 0.001, "L": 1.0,
    "GAL": 3.785, "GA": 3.785, "QT": 0.946, "PT": 0.473,
}  # fmt: skip
"""In kilograms; a litre of what shops sell weighs about one."""

_MOST = 40.0
"""Nothing a shop puts on a shelf weighs more: above it, the number meant something else."""

_SIZE = re.compile(
    r"(?:(?P<packs>\d+)\s*(?:PK|CT)?\s*/\s*)?(?P<amount>\d*\.?\d+)\s*(?:FL\s*)?(?P<unit>OZ|LB|KG|GAL|GA|ML|QT|PT|G|L)\b"
)
_BARE_UNIT = re.compile(r"(GAL|QT|LB|L|PT)$")


def kilograms(words: str) -> float:
    """`2/12 OZ` is two of twelve ounces; 0 where the words tell no weight, such as `50 CT` or `LARGE`."""
    if bare := _BARE_UNIT.fullmatch(words.strip()):
        return _UNITS[bare[1]]
    size = _SIZE.search(words)
    if size is None:
        return 0.0
    weight = int(size["packs"] or 1) * float(size["amount"]) * _UNITS[size["unit"]]
    return weight if weight <= _MOST else 0.0
