"""Another system's baskets: held over HTTP, asked for again, changed and let go, whichever process answers."""

import http.client
import json
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Barrier, Event
from typing import Any

from app.clock import now
from tests.processes.orders import order
from tests.processes.process import PATIENCE

FEW = ("MILK", "BREAD", "EGGS")
EACH = 14
"""So many rounds each client makes."""


@dataclass
class Answered:
    """What one client asked for, and what it was told: of each basket its lines, of a hold its id."""

    granted: dict[str, dict[str, int]] = field(default_factory=dict)
    let_go: set[str] = field(default_factory=set)
    ordered: set[str] = field(default_factory=set)
    refused: int = 0
    statuses: Counter[int] = field(default_factory=Counter)


@dataclass
class Client:
    """Another system with a key; when a process has died under it, it asks the next one, under the same key."""

    ports: Sequence[int]
    key: str
    number: int
    halfway: Event
    answered: Answered = field(default_factory=Answered)
    turn: int = 0

    def ask(self, method: str, path: str, said: Any = None, *, key: str = "") -> tuple[int, Any]:
        while True:
            port = self.ports[(self.number + self.turn) % len(self.ports)]
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
            headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
            try:
                connection.request(method, path, json.dumps(said), headers | ({"Idempotency-Key": key} if key else {}))
                reply = connection.getresponse()
                status, text = reply.status, reply.read()
            except (OSError, http.client.HTTPException):
                self.turn += 1
                assert self.turn < PATIENCE, "no process answers any more"
                continue
            finally:
                connection.close()
            answer = json.loads(text)
            if answer.get("type") == "/problems/still-at-work":  # a killed process's work may yet be saved
                continue
            self.answered.statuses[status] += 1
            return status, answer

    def reserve(self, basket: dict[str, int], key: str) -> str | None:
        lines = [{"sku": sku, "quantity": str(units), "node": "014"} for sku, units in basket.items()]
        said = {"channel": "web", "expires_in_s": 3600, "lines": lines}
        status, answer = self.ask("POST", "/api/reservations", said, key=key)
        if self.number % 3 == 0:
            self.turn += 1
            assert self.ask("POST", "/api/reservations", said, key=key) == (status, answer)
        if status != 201:
            self.answered.refused += 1
            return None
        self.answered.granted[answer["id"]] = basket
        return str(answer["id"])

    def shop(self, line: Barrier) -> Answered:
        chance = random.Random(self.number)
        line.wait()
        for n in range(EACH):
            if n == EACH // 2:
                self.halfway.set()
            self.reserve({"HOT": 1}, f"{self.number}/{n}/hot")
            wanted = {sku: chance.randint(1, 3) for sku in chance.sample(FEW, chance.randint(2, 3))}
            if held := self.reserve(wanted, f"{self.number}/{n}/few"):
                self.think_again(held, wanted, chance)
        return self.answered

    def think_again(self, held: str, wanted: dict[str, int], chance: random.Random) -> None:
        sku, units = chance.choice(list(wanted)), chance.randint(0, 4)
        if chance.random() < 0.5:
            change = {"lines": [{"sku": sku, "quantity": str(units), "node": "014"}]}
            if self.ask("PATCH", f"/api/reservations/{held}", change, key=held)[0] == 200:
                self.answered.granted[held] = wanted | {sku: units}
        if chance.random() < 0.2:
            self.order(held)
        elif chance.random() < 0.7:
            assert self.ask("DELETE", f"/api/reservations/{held}")[0] == 200
            self.answered.let_go.add(held)

    def order(self, held: str) -> None:
        """All that the basket holds, taken over where some other basket was held; who pays before that has it."""
        lines = [{"sku": sku, "quantity": str(units), "unit_price_minor": 150}
                 for sku, units in self.answered.granted[held].items() if units]  # fmt: skip
        self.turn += 1
        said = order(now(), held, "014", "MILK") | {"lines": lines, "reservation": held}
        status, answer = self.ask("POST", "/api/orders", said, key=f"order/{held}")
        assert (status, answer["status"]) == (201, "accepted"), answer
        self.answered.ordered.add(held)
