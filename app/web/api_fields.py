"""The kinds of fields other systems' words are made of: each takes one way of writing a thing, and says which."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated

import phonenumbers
from babel import Locale
from babel.numbers import is_currency
from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from app.oms.placing import MOST_UNITS

LARGEST_AMOUNT = 2_000_000_000
MOST_LINES = 200
NO_COUNTRIES = {"EU", "EZ", "UN", "XA", "XB", "ZZ", "QO"}
"""Two letters that stand for something, and for no place a parcel goes to."""
INSTANT = re.compile(r"20\d\d-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,6})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


def _printable(words: str) -> str:
    if not words.isprintable() or words != words.strip() or not words:
        raise ValueError("must be words without control characters or spaces around them")
    return words


def _instant(said: object) -> datetime:
    if not isinstance(said, str) or not INSTANT.fullmatch(said):
        raise ValueError("must be an RFC 3339 instant with its offset, in this century")
    return datetime.fromisoformat(said.upper()).astimezone(UTC)


def _currency(code: str) -> str:
    if not is_currency(code):
        raise ValueError("must be an ISO 4217 code")
    return code


def _country(code: str) -> str:
    if code not in Locale("en").territories or code in NO_COUNTRIES:
        raise ValueError("must be an ISO 3166-1 alpha-2 code")
    return code


def _phone(number: str) -> str:
    try:
        parsed = phonenumbers.parse(number)
        written = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    except phonenumbers.NumberParseException:
        written = ""
    if written != number or not phonenumbers.is_possible_number(parsed):
        raise ValueError("must be an E.164 number such as +447700900123")
    return number


def _email(address: str) -> str:
    try:
        return validate_email(address, check_deliverability=False).normalized
    except EmailNotValidError as wrong:
        raise ValueError("must be an email address") from wrong


def _quantity(said: str) -> str:
    """However many zeros it was sent with: "2.000" is "2". Whether the item can be had so is known to the item."""
    quantity = Decimal(said)
    if not 0 < quantity <= MOST_UNITS:
        raise ValueError(f"must be more than 0, and {MOST_UNITS} at most")
    return f"{quantity.normalize():f}"


Code = Annotated[str, Field(min_length=1, max_length=80), AfterValidator(_printable)]
Name = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_printable)]
Instant = Annotated[datetime, BeforeValidator(_instant), WithJsonSchema({"type": "string", "format": "date-time"})]
Amount = Annotated[int, Field(ge=0, le=LARGEST_AMOUNT)]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$"), AfterValidator(_currency)]
Country = Annotated[str, Field(pattern=r"^[A-Z]{2}$"), AfterValidator(_country)]
Phone = Annotated[str, Field(pattern=r"^\+[1-9][0-9]{6,14}$"), AfterValidator(_phone)]
Email = Annotated[
    str, Field(max_length=254), AfterValidator(_email), WithJsonSchema({"type": "string", "format": "email"})
]
Quantity = Annotated[str, Field(pattern=r"^[0-9]{1,9}(\.[0-9]{1,3})?$"), AfterValidator(_quantity)]
HoldId = Annotated[str, Field(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]


class Strict(BaseModel):
    """Takes what it names, in the types it names, and nothing else."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)
