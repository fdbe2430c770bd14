"""A reservation is admitted under a key, whose answer is kept; a basket's hold has no order yet and runs out."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0012"
down_revision = "0011"

NAMES = {"uq": "%(table_name)s_%(column_0_name)s_key"}
RUNNING_OUT = sa.text("state = 'soft' AND expires_at IS NOT NULL")


def upgrade() -> None:
    text, instant = sqlmodel.sql.sqltypes.AutoString, sqlmodel.sql.sqltypes.UTCDateTime
    op.create_table(
        "admission",
        sa.Column("key", text(), primary_key=True),
        sa.Column("request_hash", text(), nullable=False),
        sa.Column("is_granted", sa.Boolean(), nullable=False),
        sa.Column("words", text(), nullable=False),
        sa.Column("decided_at", instant(), nullable=False),
    )
    with op.batch_alter_table("reservation", naming_convention=NAMES) as table:
        table.drop_constraint("reservation_order_line_id_key", type_="unique")
        table.alter_column("order_line_id", nullable=True)
        table.add_column(sa.Column("admission_key", text(), nullable=True))
        table.add_column(sa.Column("channel", text(), server_default="", nullable=False))
        table.add_column(sa.Column("expires_at", instant(), nullable=True))
        table.create_foreign_key("reservation_admission_key_fkey", "admission", ["admission_key"], ["key"])
        table.create_index("ix_reservation_admission_key", ["admission_key"])
        table.create_index("reservation_of_line", ["order_line_id"])
        table.create_index("reservation_running_out", ["item_id", "node_id", "expires_at"],
                           sqlite_where=RUNNING_OUT, postgresql_where=RUNNING_OUT)  # fmt: skip
