"""How a piece of page is drawn: one Jinja environment, and the words for time, money and names that all pages share."""

import hashlib
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_datetime
from babel.numbers import format_currency, get_currency_precision
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

HOUSE = Path(__file__).resolve().parent.parent
TEMPLATES = HOUSE / "templates"
STATIC = HOUSE / "static"

SOON_BEFORE = timedelta(minutes=15)

# The browser's clock reads the same table (layout.html sends it along), so a chip never changes its tongue.
TIME_WORDS = {
    "under": "under 1 min",
    "minutes": "{n} min",
    "hours": "{h} h {m}",
    "days": "{d} days",
    "left": "left",
    "late": "late",
    "here": "Here",
    "here_now": "Here now",
}

# Arrows that mean "onwards" or "back" turn round in right-to-left pages; the others must not.
DIRECTIONAL = {"arrow-left", "arrow-right", "chevron-right", "delete", "log-out"}


def span_words(span: timedelta) -> str:
    """No seconds anywhere: nobody on a shop floor plans in them."""
    minutes = int(abs(span) / timedelta(minutes=1))
    hours = minutes // 60
    if minutes < 1:
        return TIME_WORDS["under"]
    if hours < 1:
        return TIME_WORDS["minutes"].format(n=minutes)
    if hours < 48:
        return TIME_WORDS["hours"].format(h=hours, m=f"{minutes % 60:02}")
    return TIME_WORDS["days"].format(d=hours // 24)


def due_words(due_at: datetime, at: datetime) -> str:
    """ "9 min left", "under 1 min", "1 h 10", "4 min late": time is words, never a bare colour."""
    tail = left_tail(due_at, at) if due_at >= at else " " + TIME_WORDS["late"]
    return span_words(due_at - at) + tail


def left_tail(due_at: datetime, at: datetime) -> str:
    """Only whole minutes are said to be left; compact rows leave the tail out."""
    is_minutes = timedelta(minutes=1) <= due_at - at < timedelta(hours=1)
    return " " + TIME_WORDS["left"] if is_minutes else ""


def here_words(arrived_at: datetime, at: datetime) -> str:
    waited = at - arrived_at
    return f"{TIME_WORDS['here']} {span_words(waited)}" if waited >= timedelta(minutes=1) else TIME_WORDS["here_now"]


def waiting_words(since: datetime, at: datetime) -> str:
    return span_words(at - since)


def urgency(due_at: datetime | None, at: datetime, soon_at: datetime | None = None) -> str:
    if due_at is None:
        return "calm"
    if at >= due_at:
        return "late"
    return "soon" if at >= (soon_at or due_at - SOON_BEFORE) else "calm"


def clock_words(instant: datetime, zone: str) -> str:
    return f"{instant.astimezone(ZoneInfo(zone)):%H:%M}"


def moment_words(instant: datetime, zone: str) -> str:
    """ "Mon 23 Nov, 13:15": a day and the clock on the wall, as the staff's screens tell time."""
    local = instant.astimezone(ZoneInfo(zone))
    return f"{format_datetime(local, 'EEE d MMM', locale='en_GB')}, {local:%H:%M}"


def day_words(instant: datetime, zone: str) -> str:
    """ "Sat 28 Nov, 9 pm": how a shop says until when it holds a bag; midnight ends a day, it begins none."""
    local = instant.astimezone(ZoneInfo(zone))
    if (local.hour, local.minute) == (0, 0):
        return f"{format_datetime(local - timedelta(minutes=1), 'EEE d MMM', locale='en_GB')}, midnight"
    day = format_datetime(local, "EEE d MMM", locale="en_GB")
    hour = format_datetime(local, "h:mm a" if local.minute else "h a", locale="en_GB").lower()
    return f"{day}, {hour}".replace(" am", "\N{NO-BREAK SPACE}am").replace(" pm", "\N{NO-BREAK SPACE}pm")


def by_words(instant: datetime, at: datetime, zone: str) -> str:
    """ "17:00", and another day than today's by its name: until when something has to be done."""
    local, today = instant.astimezone(ZoneInfo(zone)), at.astimezone(ZoneInfo(zone)).date()
    return (
        f"{local:%H:%M}" if local.date() == today else f"{format_datetime(local, 'EEE', locale='en_GB')} {local:%H:%M}"
    )


def epoch_ms(instant: datetime) -> int:
    return int(instant.timestamp() * 1000)


def iso(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def money(minor: int, currency: str) -> str:
    return format_currency(Decimal(minor).scaleb(-get_currency_precision(currency)), currency, locale="en")


def initials(name: str) -> str:
    words = name.split()
    return "".join(word[0] for word in ([words[0], words[-1]] if len(words) > 1 else words)).upper()


def short_name(name: str) -> str:
    """First name and one letter: a board hangs where other customers can read it."""
    first, *rest = name.split() or [""]
    if not rest or first.endswith("."):
        return name.strip()
    return f"{first} {rest[-1][0]}."


def plural(n: int, one: str, many: str | None = None) -> str:
    return f"{n} {one if n == 1 else many or one + 's'}"


def dom_id(row_or_name: Any, key: object = None) -> str:
    """`task-42`: the id a piece of page has on the page, in the reply and in the push."""
    if isinstance(row_or_name, str):
        return f"{row_or_name}-{key}"
    name = re.sub(r"(?<!^)(?=[A-Z])", "-", type(row_or_name).__name__).lower()
    return f"{name}-{row_or_name.id if key is None else key}"


@cache
def asset(path: str) -> str:
    """Its address carries its content's hash, so tablets may keep it for a year and still never show an old one."""
    return f"/static/{path}?v={hashlib.sha256((STATIC / path).read_bytes()).hexdigest()[:10]}"


@cache
def _symbols(sprite: str) -> frozenset[str]:
    return frozenset(re.findall(r'<symbol id="([\w-]+)"', (STATIC / sprite).read_text()))


@cache
def icon(name: str, extra: str = "") -> Markup:
    if f"i-{name}" not in _symbols("icons.svg"):
        raise LookupError(f"static/icons.svg has no icon {name!r}.")
    classes = " ".join(filter(None, ["i", "i--dir" if name in DIRECTIONAL else "", extra]))
    use = f"{asset('icons.svg')}#i-{name}"
    return Markup('<svg class="{}" aria-hidden="true"><use href="{}"/></svg>').format(classes, use)


@cache
def product(name: str | None) -> Markup:
    """A pictogram of the kind of thing; a plain box where we have none."""
    symbol = f"p-{name}" if f"p-{name}" in _symbols("products.svg") else "p-box"
    use = f"{asset('products.svg')}#{symbol}"
    return Markup('<svg viewBox="0 0 96 96" aria-hidden="true"><use href="{}"/></svg>').format(use)


FILTERS: list[Callable[..., Any]] = [
    by_words, clock_words, day_words, due_words, epoch_ms, here_words, initials, iso, left_tail, moment_words, money,
    short_name, span_words, urgency, waiting_words,
]  # fmt: skip
GLOBALS: list[Callable[..., Any]] = [asset, dom_id, icon, plural, product]


def install(env: Environment) -> Environment:
    """Flask's own environment gets the same manners, or a page and a push of the same file would differ."""
    env.undefined = StrictUndefined
    env.trim_blocks = env.lstrip_blocks = True
    env.filters.update({each.__name__: each for each in FILTERS})
    env.globals.update({each.__name__: each for each in GLOBALS}, time_words=json.dumps(TIME_WORDS))
    return env


@cache
def environment() -> Environment:
    return install(Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, auto_reload=False))


def draw(template: str, **inputs: object) -> str:
    return environment().get_template(template).render(inputs)
