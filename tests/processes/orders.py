"""An order as another system writes it."""

from datetime import datetime, timedelta
from typing import Any


def order(at: datetime, external_id: str, store: str, sku: str) -> dict[str, Any]:
    """Two of one item, to be collected in two hours."""
    return {
        "channel": "web", "external_id": external_id, "placed_at": _written(at),
        "fulfilment": {"type": "pickup", "store": store, "promised_by": _written(at + timedelta(hours=2))},
        "customer": {"name": "Priya N.", "email": "priya@example.com", "phone": "+447700900123", "language": "en"},
        "payment": {"state": "authorised", "amount_minor": 300, "currency": "GBP"},
        "lines": [{"sku": sku, "quantity": "2", "unit_price_minor": 150}],
    }  # fmt: skip


def _written(at: datetime) -> str:
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")
