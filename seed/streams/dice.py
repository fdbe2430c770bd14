"""Dice that fall the same way for the same words, on every machine and in every run."""

from hashlib import blake2b


def number(*words: str) -> int:
    return int.from_bytes(blake2b("|".join(words).encode(), digest_size=8).digest())


def pick(sides: int, *words: str) -> int:
    """0 up to, but not including, `sides`."""
    return number(*words) % sides


def falls_within(share: float, *words: str) -> bool:
    """True for `share` of all words: 0 for none, 1 for all."""
    return number(*words) < share * 2**64
