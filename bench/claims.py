"""How a bench ends: what it claimed, whether that holds, one JSON line and an exit status."""

import json
from typing import Any


def at_most(measured: float, bound: float) -> dict[str, Any]:
    return {"measured": measured, "bound": bound, "holds": measured <= bound}


def at_least(measured: float, bound: float) -> dict[str, Any]:
    return {"measured": measured, "bound": bound, "holds": measured >= bound}


def finish(bench: str, figures: dict[str, Any], goals: dict[str, dict[str, Any]]) -> int:
    """0 only when every goal holds; the ones that don't are named for a person, too."""
    for name, goal in goals.items():
        if not goal["holds"]:
            print(f"not held: {name} is {goal['measured']}, bound {goal['bound']}")
    holds = all(goal["holds"] for goal in goals.values())
    print(json.dumps({"bench": bench, "figures": figures, "goals": goals, "holds": holds}))
    return 0 if holds else 1
