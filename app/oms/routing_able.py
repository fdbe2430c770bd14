"""A node as the search for the cheapest set sees it, and which nodes need not be looked at."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Able:
    """A node that may serve: what it costs to use it at all, and per need how many units it has and at what price."""

    node_id: int
    fixed: float
    stock: tuple[int, ...]
    price: tuple[float, ...]


def undominated(able: Sequence[Able], wanted: Sequence[int]) -> Iterator[Able]:
    """Leave out a node when another before it does all it could do, alone, and nowhere at a higher price."""
    kept: list[tuple[int, Able]] = []
    for node in able:
        has = lines_that(stock > 0 for stock in node.stock)
        if not any(has & ~full == 0 and _is_nowhere_dearer(other, node) for full, other in kept):
            kept.append((lines_that(stock >= want for stock, want in zip(node.stock, wanted, strict=True)), node))
            yield node


def lines_that(are_so: Iterable[bool]) -> int:
    """As bits."""
    return sum(1 << line for line, is_so in enumerate(are_so) if is_so)


def _is_nowhere_dearer(other: Able, node: Able) -> bool:
    return other.fixed <= node.fixed and all(
        not has or cheap <= dear for has, cheap, dear in zip(node.stock, other.price, node.price, strict=True)
    )
