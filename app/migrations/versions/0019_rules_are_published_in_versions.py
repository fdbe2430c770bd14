"""Rules are published in versions; a balance says which of them decides what it keeps back."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0019"
down_revision = "0018"

OPEN, DUE = sa.text("retired_at IS NULL"), sa.text("effect_due_at IS NOT NULL")


def upgrade() -> None:
    text, instant = sqlmodel.sql.sqltypes.AutoString, sqlmodel.sql.sqltypes.UTCDateTime
    op.create_table(
        "rule_version",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("scope", text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("valid_from", instant(), nullable=False),
        sa.Column("retired_at", instant(), nullable=True),
        sa.Column("published_at", instant(), nullable=False),
        sa.Column("published_by", text(), nullable=False),
        sa.Column("restores", sa.Integer(), nullable=True),
        sa.Column("effect_due_at", instant(), nullable=True),
        sa.UniqueConstraint("kind", "scope", "number"),
        sa.CheckConstraint("retired_at IS NULL OR retired_at >= valid_from", name="ends_after_it_begins"),
    )
    op.create_index(
        "rule_open", "rule_version", ["kind", "scope"], unique=True, sqlite_where=OPEN, postgresql_where=OPEN
    )
    op.create_index("rule_effect_due", "rule_version", ["effect_due_at"], sqlite_where=DUE, postgresql_where=DUE)
    op.create_table(
        "stale_node",
        sa.Column("node_id", sa.Integer(), sa.ForeignKey("node.id"), primary_key=True),
        sa.Column("since", instant(), nullable=False),
    )
    op.add_column("balance", sa.Column("safety_rule", sa.Integer(), server_default="0", nullable=False))
