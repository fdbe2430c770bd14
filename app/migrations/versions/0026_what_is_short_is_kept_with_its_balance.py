"""Where less is there than was promised, or less than nothing, is kept beside the balance; what is short by now, too."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0026"
down_revision = "0025"

SELLABLE = "on_hand - CASE WHEN unavailable > 0 THEN unavailable ELSE 0 END - suppressed"
SHORT = f"reserved - CASE WHEN {SELLABLE} > 0 THEN {SELLABLE} ELSE 0 END"
UNITS = f"CASE WHEN {SHORT} > 0 THEN {SHORT} ELSE 0 END"
BELOW = "CASE WHEN on_hand < 0 THEN -on_hand ELSE 0 END"


def upgrade() -> None:
    instant = sqlmodel.sql.sqltypes.UTCDateTime
    op.create_table(
        "shortfall",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("item_id", sa.Integer(), sa.ForeignKey("item.id"), nullable=False),
        sa.Column("node_id", sa.Integer(), sa.ForeignKey("node.id"), nullable=False),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.Column("below_zero", sa.Integer(), nullable=False),
        sa.Column("since", instant(), nullable=False),
        sa.Column("resource_due_at", instant(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.UniqueConstraint("item_id", "node_id"),
        sa.CheckConstraint("units >= 0 AND below_zero >= 0 AND units + below_zero > 0", name="something_is_short"),
        sa.CheckConstraint("units > 0 OR resource_due_at IS NULL", name="only_promises_are_resourced"),
    )
    op.create_index("shortfall_at", "shortfall", ["node_id"])
    is_due = sa.text("resource_due_at IS NOT NULL")
    op.create_index("shortfall_due", "shortfall", ["resource_due_at"], sqlite_where=is_due, postgresql_where=is_due)
    _fill()


def _fill() -> None:
    """Nobody knows since when they are short: as long as their last movement, at least."""
    newest = "(SELECT max(recorded_at) FROM movement m WHERE m.item_id = b.item_id AND m.node_id = b.node_id)"
    since = f"coalesce({newest}, CURRENT_TIMESTAMP)"
    op.execute(
        "INSERT INTO shortfall (item_id, node_id, units, below_zero, since, resource_due_at, tries) "
        "SELECT item_id, node_id, units, below_zero, since, CASE WHEN units > 0 THEN since END, 0 "
        f"FROM (SELECT item_id, node_id, {UNITS} AS units, {BELOW} AS below_zero, {since} AS since FROM balance b) AS s "
        "WHERE units > 0 OR below_zero > 0"
    )
