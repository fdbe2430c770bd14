"""What is typed on the command line, taken only when it can be meant, and how an answer ends for a machine."""

import json
import math
import re
from typing import Any

import click

LONGEST = 80
NODE_KINDS = ("store", "dc", "vendor")
BY = click.option("--by", default="operations", show_default=True, help="Who is named in the audit trail.")
NEWEST = 2**31 - 1


class Word(click.ParamType[str]):
    """A code or a name, which others will write into files and addresses: the API takes no other."""

    name = "word"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """As it was typed, or a sentence."""
        if not value.strip() or value != value.strip() or not value.isprintable() or len(value) > LONGEST:
            self.fail(f"it has 1 to {LONGEST} characters, none of them invisible and no space around them.", param, ctx)
        return value


class Real(click.FloatRange):
    """A range has no place for what is no number."""

    def convert(self, value: float | str, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """A number."""
        number = float(super().convert(value, param, ctx))  # type: ignore[arg-type]
        if math.isnan(number):
            self.fail("that is no number.", param, ctx)
        return number


class Portion(click.ParamType[str]):
    """So much of an item, in the unit it is sold by, as the API takes it."""

    name = "amount"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """As it was typed, or a sentence."""
        if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,3})?", value, re.ASCII):
            self.fail("it is written like 2 or 0.350, and is never below 0.", param, ctx)
        return value


WORD = Word()
PORTION = Portion()
ROW = click.IntRange(1, NEWEST)
"""The number of a row: no list shows a greater one."""
AS_JSON = click.option("--json", "as_json", is_flag=True, help="End with one JSON line.")


def end_with(figures: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(figures))
