"""Names a person can pick by, out of the grocer's thirty capital letters."""

import re

from seed.streams.grocery_goods import Product

TYPE_WIDTH = 30
"""The product list cuts its types here, in the middle of a word if need be."""

_WORDS = {
    "frzn": "frozen", "sft": "soft", "drnk": "drink", "drnks": "drinks", "drnkng": "drinking", "drnking": "drinking",
    "sngl": "single", "sgl": "single", "srv": "serve", "btl": "bottle", "carb": "carbonated", "mlt": "multi",
    "pk": "pack", "refrgratd": "refrigerated", "refrig": "refrigerated", "ss": "single serve", "rts": "ready to serve",
    "dnrs": "dinners", "dnr": "dinner", "exct": "exact", "wt": "weight", "choc": "chocolate",
    "chococlate": "chocolate", "chix": "chicken",
    "brkfst": "breakfast", "bky": "bakery", "sw": "sweet", "gds": "goods", "catfd": "cat food", "dogfd": "dog food",
    "snks": "snacks", "veg": "vegetables", "tort": "tortilla", "crbntd": "carbonated", "mneral": "mineral",
    "flvrd": "flavoured", "flvr": "flavoured", "swt": "sweet", "hygn": "hygiene", "fem": "feminine", "ital": "italian",
    "w": "with", "dsh": "dish", "sup": "super", "prem": "premium", "misc": "other", "pnt": "peanut", "btr": "butter",
    "grnd": "ground", "wht": "white", "ppk": "prepacked", "prslc": "presliced", "prep": "prepared", "fd": "food",
    "ctlrytblclthstthpksst": "cutlery, tablecloths, toothpicks", "plstc": "plastic", "sh": "sheet",
    "beeralemalt": "beer, ale, malt", "saucessalsapicantee": "sauces, salsa, picante",
}  # fmt: skip

_SAYS_NOTHING_ALONE = set(
    "ALL BASIC BLENDS CHOICE DIGITAL ECONOMY ENHANCED ENTREES KIDS LEAN LINKS MAINSTREAM MISC MISCELLANEOUS OTHER OVEN"
    " PATTIES POULTRY PREMIUM PRIMAL RIBS SEASONAL SELECT SPECIALTY STANDARD TRADITIONAL VALUE".split()
) | {
    "ALL FAMILY", "BETTER FOR YOU", "CHOICE BEEF", "ECONOMY - MEAT", "GARDEN PLUS", "LINKS - RAW", "PREMIUM - MEAT",
    "PREMIUM PINTS", "REGULAR GARDEN", "SELECT BEEF", "SMOKED/COOKED", "SUPER PREMIUM PINTS",
}  # fmt: skip


def name_of(product: Product) -> str:
    """A type such as PREMIUM needs its category before it: "Ice cream/milk/sherbets: premium"."""
    kind = _uncut(product.product_type)
    if kind in _SAYS_NOTHING_ALONE and product.product_category:
        return f"{_spelt_out(product.product_category)}: {_spelt_out(kind).lower()}"
    return _spelt_out(kind)


def detail_of(product: Product) -> str:
    """Size and maker tell apart what the name does not."""
    size = " ".join(product.package_size.split()).lower()
    maker = "store brand" if product.brand == "Private" else f"maker {product.manufacturer_id}"
    return f"{size} · {maker}" if size else maker


def _uncut(kind: str) -> str:
    """Without the bracket that was never closed, and without the scrap of a word at the cut."""
    whole = re.sub(r"\s*\([^)]*$", "", kind)
    if len(kind) >= TYPE_WIDTH and whole == kind:
        whole = re.sub(r"[\s/&-]+\w{0,3}$", "", kind)
    return " ".join(whole.split())


def _spelt_out(words: str) -> str:
    spaced = words.lower().replace("&", " & ")
    sentence = " ".join(re.sub(r"[a-z]+", lambda word: _WORDS.get(word[0], word[0]), spaced).split())
    return sentence[:1].upper() + sentence[1:]
