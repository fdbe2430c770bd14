"""Which rows of the grocer's product list are goods that can be picked, and why the others are not.

Judged by what a product *is*: the department alone misleads (under TRAVEL & LEISURE stand apples, under PHOTO & VIDEO
cookie dough, under POSTAL CENTER sweets).
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

UNLISTED = "not in the product list"
NAMELESS = "no name in the product list"
FUEL = "fuel: its quantity is a volume, in the thousands"
COUPON = "coupon, donation or till key that names no item"
VOUCHER = "gift card, ticket, phone card or prepaid card"
PHOTO = "photo service"
DEPOSIT = "bottle deposit"
SERVED = "eaten or drunk at the counter"

_BY_TYPE = {
    "GASOLINE-REG UNLEADED": FUEL,
    "MISC SALES TRANS": COUPON,
    "PEYTON/GM EXPENSE ITEMS": COUPON,
    "ELECTRONIC GIFT CARDS ACTIVATI": VOUCHER,
    "ELECTRONIC GIFT CARDS REFRESH": VOUCHER,
    "OUTSIDE VENDORS GIFT CARDS": VOUCHER,
    "MASTERCARD GIFT CARD": VOUCHER,
    "AMERICAN EXPRESS GIFT CARD": VOUCHER,
    "TICKETS": VOUCHER,
}
_BY_CATEGORY = {
    "FUEL": FUEL,
    "COUPON": COUPON,
    "COUPON/MISC ITEMS": COUPON,
    "COUPONS/STORE & MFG": COUPON,
    "TICKETS": VOUCHER,
    "PREPAID WIRELESS&ACCESSORIES": VOUCHER,
    "LONG DISTANCE CALLING CARDS": VOUCHER,
    "IN-STORE PHOTOFINISHING": PHOTO,
    "OVERNIGHT PHOTOFINISHING": PHOTO,
    "BOTTLE DEPOSITS": DEPOSIT,
    "SERVICE BEVERAGE": SERVED,
}
_BY_DEPARTMENT = {
    "FUEL": FUEL,
    "COUPON": COUPON,
    "CNTRL/STORE SUP": COUPON,
    "CHARITABLE CONT": COUPON,
    "RESTAURANT": SERVED,
}


@dataclass(frozen=True, slots=True)
class Product:
    """A row of the product list as it stands there."""

    product_id: int
    manufacturer_id: int
    department: str
    brand: str
    product_category: str
    product_type: str
    package_size: str

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Product":
        blank: dict[str, Any] = {column.name: "" for column in fields(cls)}
        return cls(**blank | {column: word for column, word in row.items() if word is not None})


def why_not_goods(product: Product | None) -> str | None:
    """The narrowest word about a product counts first: petrol is rung up under COUPON/MISC ITEMS too."""
    if product is None:
        return UNLISTED
    if not product.product_type:
        return NAMELESS
    return (
        _BY_TYPE.get(product.product_type)
        or _BY_CATEGORY.get(product.product_category)
        or _BY_DEPARTMENT.get(product.department)
    )
