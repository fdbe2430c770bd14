"""What may be told outside the house, and the word for nobody being there: known without a client for any of it."""

import ipaddress
from datetime import timedelta

Networks = tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]


class Away(Exception):
    """Nobody is there who would take anything; `pause` is what was asked for."""

    def __init__(self, words: str, pause: timedelta | None = None) -> None:
        super().__init__(words)
        self.pause = pause
