"""A rung is climbed once, and so is every other turn of a window: each says which, how late, and under which policy."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0039"
down_revision = "0038"

NAMES = {"uq": "%(table_name)s_%(column_0_name)s_%(column_1_name)s_%(column_2_name)s_key"}
MILLISECONDS = {
    "postgresql": "extract(epoch FROM at - due_at) * 1000",
    "sqlite": "round((julianday(at) - julianday(due_at)) * 86400000)",
}


def upgrade() -> None:
    text = sqlmodel.sql.sqltypes.AutoString
    for column in (
        sa.Column("step", sa.Integer(), server_default="0", nullable=False),
        sa.Column("window_kind", sa.String(32), server_default="ack", nullable=False),
        sa.Column("kind", sa.String(32), server_default="climb", nullable=False),
        sa.Column("from_level", sa.Integer(), server_default="0", nullable=False),
        sa.Column("lateness_ms", sa.Integer(), server_default="0", nullable=False),
        sa.Column("node", text(), nullable=True),
        sa.Column("cause", text(), nullable=True),
    ):
        op.add_column("escalation", column)
    late = MILLISECONDS[op.get_bind().dialect.name]
    op.execute(f"UPDATE escalation SET step = level, from_level = level - 1, lateness_ms = CAST({late} AS INTEGER)")
    with op.batch_alter_table("escalation", naming_convention=NAMES) as table:
        table.drop_constraint("escalation_task_id_cycle_level_key", type_="unique")
        table.add_column(sa.Column("target_id", sa.Integer(), nullable=True))
        table.add_column(sa.Column("policy_version_id", sa.Integer(), nullable=True))
        table.create_foreign_key("escalation_target_id_fkey", "associate", ["target_id"], ["id"])
        table.create_foreign_key("escalation_policy_version_id_fkey", "policy_version", ["policy_version_id"], ["id"])
        table.alter_column("answer_due_at", existing_type=sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True)
        table.create_unique_constraint("climbed_once", ["task_id", "cycle", "step", "kind"])
