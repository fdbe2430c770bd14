"""What would come of it: a rule tried on orders before it is published, in memory, with no shop behind it."""

import json
from datetime import datetime
from pathlib import Path

import click
from pydantic import ValidationError

from app.cli_rules import RuleFile
from app.rules import bodies
from app.rules.bodies import Routing, RuleKind, RuleNotValid

DAY = click.DateTime(["%Y-%m-%d"])


@click.group()
def simulate() -> None:
    """Try something out, and change nothing."""


@simulate.command()
@click.argument("source", required=False)
@click.option("--from", "first", type=DAY, help="The first day of SOURCE to take.")
@click.option("--to", "last", type=DAY, help="The last day of SOURCE to take.")
@click.option("--orders", default=1000, show_default=True, type=click.IntRange(1, 100_000), help="How many at most.")
@click.option("--most-lines", default=8, show_default=True, type=click.IntRange(1, 1000),
              help="Leave out baskets of more lines.")  # fmt: skip
@click.option("--seed", default=1, show_default=True, help="Lays out another stock.")
@click.option("--rule", "file", type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="A routing rule as `rules publish` takes it, instead of the scenario's own.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="End with one JSON line.")
def routing(
    *, source: str | None, first: datetime | None, last: datetime | None, orders: int, most_lines: int, seed: int,
    file: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Route the orders of SOURCE (as for `replay`; else made-up ones) through scenario B, and by nearness alone."""
    from seed import routing_report

    report = routing_report.run(
        source, first=first.date() if first else None, last=last.date() if last else None, orders=orders,
        most_lines=most_lines, seed=seed, rule=_rule(file) if file else None, rule_name=file.name if file else None,
    )  # fmt: skip
    click.echo("\n".join(report.lines()))
    if as_json:
        click.echo(json.dumps(report.figures))


def _rule(file: Path) -> Routing:
    try:
        said = RuleFile.model_validate_json(file.read_bytes())
    except ValidationError as wrong:
        raise RuleNotValid(f"{file.name} holds no rule: {wrong.errors(include_input=False)[0]['msg']}.") from wrong
    body = bodies.read(said.kind, said.body)
    if not isinstance(body, Routing):
        raise RuleNotValid(f"{file.name} is a rule for {said.kind}, and not for {RuleKind.ROUTING}.")
    return body
