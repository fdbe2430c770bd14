"""A statement of another system's books: so much of an item at a node, as it stood there at one instant."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from sqlmodel import Session

from app import rows
from app.oms.balance import Key
from app.oms.item import Item
from app.oms.node import Node
from app.oms.stock_words import MOST, Code, Quantity, units_of
from app.refusals import Unreadable

COLUMNS = ("node", "sku", "quantity")


class Line(BaseModel):
    """So much of one item at one node, as a decimal string; `uom` may be left out."""

    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)

    node: Code
    sku: Code
    quantity: Quantity
    uom: Annotated[str | None, "the unit it is counted in"] = None


@dataclass(frozen=True, kw_only=True)
class Statement:
    """All that `source` had in its books at `as_of`."""

    source: str
    as_of: datetime
    lines: Sequence[Line]


@dataclass
class Read:
    """What a statement says of balances we know, in our own units, and what of it can't be understood."""

    stated: dict[Key, int] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    _twice: set[Key] = field(default_factory=set)

    def take(self, session: Session, lines: Sequence[Line]) -> None:
        """What names nothing we know, or one balance twice, is refused in words and leaves the rest."""
        nodes = dict(rows.find(session, Node, ("code", "id"), {"code": sorted({line.node for line in lines})}))
        skus = sorted({line.sku for line in lines})
        items = {row[0]: row[1:] for row in rows.find(session, Item, ("sku", "id", "unit", "decimals"), {"sku": skus})}
        for line in lines:
            self._take(line, nodes.get(line.node, 0), items.get(line.sku, (0, "", 0)))

    def _take(self, line: Line, node_id: int, item: tuple[int, str, int]) -> None:
        item_id, unit, decimals = item
        key, units = (item_id, node_id), None
        if line.uom in (None, "", unit):
            units = units_of(line.quantity, decimals)
        if not node_id or not item_id:
            self.refused.append(f"We know no item {line.sku}." if node_id else f"We know no node {line.node}.")
        elif units is None:
            self.refused.append(f"{line.sku} is counted in {unit}, with at most {decimals} decimals, up to {MOST}.")
        elif key in self.stated or key in self._twice:
            self._twice.add(key)
            self.stated.pop(key, None)
            self.refused.append(f"{line.sku} at {line.node} is stated more than once: none of it is believed.")
        else:
            self.stated[key] = units


_LINES = TypeAdapter(list[Line])


def lines_of(content: bytes, *, is_json: bool) -> list[Line]:
    """JSON: a list of objects. CSV: a first row that names the columns."""
    try:
        text = content.decode("utf-8-sig")
        return _LINES.validate_json(text) if is_json else _LINES.validate_python(_rows(text))
    except ValidationError as wrong:
        first = wrong.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"][1:])
        at = f"line {int(first['loc'][0]) + 1}" if first["loc"] else "the file"
        raise Unreadable(f"The statement can't be read: {at}: {place} {first['msg']}.") from wrong
    except (UnicodeDecodeError, csv.Error) as wrong:
        raise Unreadable("The statement can't be read: it is no UTF-8 text with one line for each item.") from wrong


def _rows(text: str) -> list[dict[str, str]]:
    read = csv.DictReader(io.StringIO(text), strict=True)
    named = set(read.fieldnames or ())
    if missing := [name for name in COLUMNS if name not in named]:
        raise Unreadable(f"The statement has no column {missing[0]}; its columns are {', '.join(COLUMNS)} and uom.")
    found = list(read)
    if any(None in row or None in row.values() for row in found):
        raise Unreadable("The statement has a line with more or fewer columns than its first row names.")
    return found
