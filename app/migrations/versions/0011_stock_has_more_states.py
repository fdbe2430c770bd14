"""Stock may be unavailable or on its way, and a promise's movement can't show more promised than was there."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

PROMISED_TOO_MUCH = """
    reason = 'reserved' AND reserved > 0
    AND reserved_after > on_hand_after - unavailable_after - suppressed_after
"""


def upgrade() -> None:
    for name in ("unavailable", "in_transit"):
        op.add_column("balance", _zero(name))
        op.add_column("movement", _zero(name))
        op.add_column("movement", _zero(f"{name}_after"))
    if op.get_bind().dialect.name == "postgresql":
        op.create_check_constraint("promised_from_what_was_there", "movement", f"NOT ({PROMISED_TOO_MUCH})")
    else:
        _refuse_on_sqlite()


def _zero(name: str) -> "sa.Column[int]":
    return sa.Column(name, sa.Integer(), server_default="0", nullable=False)


def _refuse_on_sqlite() -> None:
    """SQLite can't add a CHECK to a table, and a copy of the ledger would be a ledger nobody may rewrite."""
    condition = " ".join(f"NEW.{word}" if word.startswith(NAMES) else word for word in PROMISED_TOO_MUCH.split())
    op.execute(
        f"CREATE TRIGGER movement_promised_from_what_was_there BEFORE INSERT ON movement WHEN {condition} "
        "BEGIN SELECT RAISE(ABORT, 'promised more than was there'); END"
    )


NAMES = ("reason", "reserved", "on_hand", "unavailable", "suppressed")
