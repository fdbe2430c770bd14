"""JSON that means one thing only, whoever reads it; what could be read in two ways is not read at all."""

import json
import re
from decimal import Decimal
from typing import Any

DEEPEST = 32
PIECES = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[{]|[\]}]', re.DOTALL)
"""Whole strings and brackets. A string without an end takes all the rest, so that nothing is looked at twice."""


class NotJson(Exception):
    """Not JSON, or JSON that two readers could take for two different things."""


def read_json(body: bytes) -> Any:
    """Strict: UTF-8, no NaN, no key twice, no half characters, not deeper than anybody needs."""
    try:
        text = body.decode("utf-8")
        _refuse_depth(text)
        read = json.loads(text, parse_float=Decimal, parse_constant=_refuse, object_pairs_hook=_once_each)
        json.dumps(read, ensure_ascii=False, default=str).encode("utf-8")
    except (ValueError, RecursionError, ArithmeticError) as broken:
        raise NotJson("The body is not JSON as RFC 8259 describes it.") from broken
    return read


def _refuse(constant: str) -> Any:
    raise ValueError(constant)


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in pairs}) < len(pairs):
        raise ValueError("a key stands twice")
    return dict(pairs)


def _refuse_depth(text: str) -> None:
    """Counted before it is parsed: a parser that recurses is what is being protected."""
    depth = 0
    for found in PIECES.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(found.group(), 0)
        if depth > DEEPEST:
            raise ValueError("too deep")
