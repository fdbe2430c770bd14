"""Those who work here are told, each once; messages for one person go together, and some are asked for again."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0042"
down_revision = "0041"

OPEN = sa.text("due_at IS NOT NULL")
GIVEN_UP = sa.text("state = 'failed'")
TEXT, INSTANT = sqlmodel.sql.sqltypes.AutoString, sqlmodel.sql.sqltypes.UTCDateTime
PARTIAL = (("outbox_due", ["due_at"], OPEN), ("outbox_queue", ["receiver", "due_at"], OPEN),
           ("outbox_dead", ["id"], GIVEN_UP))  # fmt: skip


def upgrade() -> None:
    _notices()
    op.add_column("outbox_message", sa.Column("bundle_key", TEXT(), nullable=True))
    op.add_column("outbox_message", sa.Column("provider_id", TEXT(), nullable=True))
    op.add_column("outbox_message", sa.Column("sent_late", sa.Boolean(), server_default=sa.false(), nullable=False))
    for name, _, _ in PARTIAL:
        op.drop_index(name, "outbox_message")
    with op.batch_alter_table("outbox_message") as table:
        table.drop_constraint("due_only_while_open", type_="check")
        table.create_check_constraint(
            "due_only_while_open", "(due_at IS NOT NULL) = (state IN ('pending', 'sending', 'uncertain'))"
        )
    for name, columns, where in (*PARTIAL, ("outbox_bundle", ["bundle_key"], OPEN)):
        op.create_index(name, "outbox_message", columns, sqlite_where=where, postgresql_where=where)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE outbox_message SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02)")


def _notices() -> None:
    op.create_table(
        "staff_notice",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("task_id", sa.Integer(), sa.ForeignKey("pickup_task.id"), nullable=False),
        sa.Column("cycle", sa.Integer(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("kind", TEXT(), nullable=False),
        sa.Column("associate_id", sa.Integer(), sa.ForeignKey("associate.id"), nullable=True),
        sa.Column("store_id", sa.Integer(), sa.ForeignKey("store.id"), nullable=False),
        sa.Column("channel", sa.String(32), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("at", INSTANT(), nullable=False),
        sa.Column("seen_at", INSTANT(), nullable=True),
        sa.Column("stood_down_at", INSTANT(), nullable=True),
        sa.Column("is_late", sa.Boolean(), nullable=False),
        sa.Column("dedupe", TEXT(), nullable=False),
        sa.UniqueConstraint("dedupe"),
    )
    op.create_index("ix_staff_notice_task_id", "staff_notice", ["task_id"])
    op.create_index("notices_of_person", "staff_notice", ["associate_id", "seen_at"])
    op.create_index("notices_of_store", "staff_notice", ["store_id", "at"])
