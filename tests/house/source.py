"""What the house is made of, as files: every rule in this folder reads it through here."""

import ast
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = ROOT / "templates"
CODE = ("app", "jobs", "seed", "bench")


@cache
def modules() -> list[Path]:
    """The product's own modules; migrations are written by Alembic and read by nobody twice."""
    found = [path for folder in CODE for path in sorted((ROOT / folder).rglob("*.py"))]
    return [path for path in found if "versions" not in path.parts]


@cache
def tree(module: Path) -> ast.Module:
    return ast.parse(module.read_text())


@cache
def templates() -> list[Path]:
    return sorted(TEMPLATES.rglob("*.*"))


@cache
def fragments() -> list[Path]:
    return [path for path in templates() if path.name.startswith("_")]


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@cache
def tracked() -> list[Path]:
    """What git keeps; nothing where there is no git."""
    try:
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return []
    return [ROOT / path for path in listed.stdout.split("\0") if path and (ROOT / path).is_file()]
