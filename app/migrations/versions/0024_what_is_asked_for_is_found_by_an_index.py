"""What is asked for each second is found by an index, however long the shop has been open."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"

EXPIRES = sa.text("state = 'soft' AND expires_at IS NOT NULL")
WAITS = sa.text("due_at IS NOT NULL")
GIVEN_UP = sa.text("state = 'failed'")
MOVES_GOODS = sa.text("on_hand <> 0 OR unavailable <> 0 OR suppressed <> 0")


def upgrade() -> None:
    op.create_index("balance_of_node", "balance", ["node_id", "item_id"])
    _where("movement_of_goods", "movement", ["item_id", "node_id", "occurred_at"], MOVES_GOODS)
    op.drop_index("ix_reservation_item_id", "reservation")
    op.drop_index("ix_reservation_node_id", "reservation")
    op.create_index("reservation_of_balance", "reservation", ["item_id", "node_id", "state"])
    _where("reservation_expires", "reservation", ["expires_at"], EXPIRES)
    _where("outbox_due_on_topic", "outbox_message", ["topic", "due_at"], WAITS)
    _where("outbox_dead", "outbox_message", ["id"], GIVEN_UP)
    op.create_index("counts_of_day", "stock_count", ["store_id", "cause", "opened_at"])


def _where(name: str, table: str, columns: list[str], condition: sa.TextClause) -> None:
    op.create_index(name, table, columns, sqlite_where=condition, postgresql_where=condition)
