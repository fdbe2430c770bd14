"""Demo customers ordering: who, what and for when, from a dice that always falls the same way."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from random import Random

from sqlmodel import Session

from app.oms import placing
from app.oms.address import Address
from app.oms.order import Order
from app.oms.payment import PaymentState
from app.oms.placing import LineRequest, OrderRequest
from seed.customers import email_of, name_of
from seed.streams import ItemSpec

CHANNEL = "web"
STREETS = ("7 Skeldergate", "22 Holgate Road", "3 Fossgate", "41 Burton Stone Lane")


@dataclass(frozen=True, kw_only=True)
class Town:
    """Where customers live who have it sent."""

    name: str
    postal_code: str
    latitude: float
    longitude: float


def basket(dice: Random, items: Sequence[ItemSpec], most: int = 4) -> tuple[LineRequest, ...]:
    """One to `most` things, mostly one of each."""
    chosen = dice.sample(list(items), dice.randint(1, most))
    return tuple(
        LineRequest(sku=item.sku, quantity=dice.choice((1, 1, 1, 2)), unit_price_minor=item.price_minor)
        for item in chosen
    )


def order(
    session: Session,
    store_code: str,
    lines: tuple[LineRequest, ...],
    *,
    number: str,
    promised_at: datetime,
    at: datetime,
) -> Order:
    """Placed and paid for on the web shop."""
    request = replace(_paid(lines, number=number, promised_at=promised_at, at=at), store_code=store_code)
    return placing.place(session, request, actor="channel/web", at=at)


def order_sent(
    session: Session, town: Town, lines: tuple[LineRequest, ...], *, number: str, promised_at: datetime, at: datetime
) -> Order:
    """The same, to be brought to somebody in this town; routing says by which shop."""
    request = _paid(lines, number=number, promised_at=promised_at, at=at)
    street = STREETS[sum(number.encode()) % len(STREETS)]
    to = Address(name=request.customer_name, street=street, city=town.name, postal_code=town.postal_code, country="GB",
                 latitude=town.latitude, longitude=town.longitude)  # fmt: skip
    return placing.place(session, replace(request, ship_to=to), actor="channel/web", at=at)


def _paid(lines: tuple[LineRequest, ...], *, number: str, promised_at: datetime, at: datetime) -> OrderRequest:
    name = name_of(number)
    return OrderRequest(
        channel=CHANNEL, external_id=number, store_code=None, placed_at=at, promised_at=promised_at,
        customer_name=name, email=email_of(name), phone=None, language="en", payment_state=PaymentState.AUTHORISED,
        amount_minor=sum(line.quantity * line.unit_price_minor for line in lines), currency="GBP", lines=lines,
    )  # fmt: skip
