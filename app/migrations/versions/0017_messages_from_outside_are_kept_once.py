"""Messages from outside are kept once, their sources' gaps are known, and how fresh each node is."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0017"
down_revision = "0016"

OPEN_GAP = sa.text("closed_at IS NULL")
NUMBERED = sa.text("sequence IS NOT NULL AND state <> 'duplicate'")
DUE = sa.text("due_at IS NOT NULL")
UNDONE = sa.text("state IN ('rejected', 'dead')")
STATES = ("received", "applied", "duplicate", "stale", "rejected", "quarantined", "dead")


def upgrade() -> None:
    text, instant = sqlmodel.sql.sqltypes.AutoString, sqlmodel.sql.sqltypes.UTCDateTime
    op.create_table(
        "source_cursor",
        sa.Column("source", text(), primary_key=True),
        sa.Column("owner", text(), nullable=False),
        sa.Column("lowest", sa.BigInteger(), nullable=False),
        sa.Column("highest", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "source_gap",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("source", text(), sa.ForeignKey("source_cursor.source"), nullable=False),
        sa.Column("first", sa.BigInteger(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.Column("first_seen_at", instant(), nullable=False),
        sa.Column("closed_at", instant(), nullable=True),
        sa.CheckConstraint("first <= last", name="not_empty"),
    )
    _index("source_gap_open", "source_gap", ["source", "first", "last"], OPEN_GAP)
    op.create_table(
        "inbox_message",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("source", text(), nullable=False),
        sa.Column("message_id", text(), nullable=False),
        sa.Column("type", text(), nullable=False),
        sa.Column("subject", text(), nullable=True),
        sa.Column("sequence", sa.BigInteger(), nullable=True),
        sa.Column("payload", text(), nullable=False),
        sa.Column("payload_hash", text(), nullable=False),
        sa.Column("occurred_at", instant(), nullable=True),
        sa.Column("received_at", instant(), nullable=False),
        sa.Column("state", sa.Enum(*STATES, name="inboxstate", native_enum=False, length=32), nullable=False),
        sa.Column("words", text(), nullable=False),
        sa.Column("repeats", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", instant(), nullable=True),
        sa.Column("applied_at", instant(), nullable=True),
        sa.UniqueConstraint("source", "message_id"),
        sa.CheckConstraint("(due_at IS NOT NULL) = (state = 'received')", name="due_only_while_open"),
    )
    _index("inbox_numbered", "inbox_message", ["source", "sequence"], NUMBERED, unique=True)
    _index("inbox_due", "inbox_message", ["due_at"], DUE)
    _index("inbox_dead", "inbox_message", ["id"], UNDONE)
    op.create_table(
        "quarantined",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("sender", text(), nullable=False),
        sa.Column("source", text(), nullable=True),
        sa.Column("message_id", text(), nullable=True),
        sa.Column("body", text(), nullable=False),
        sa.Column("body_hash", text(), nullable=False),
        sa.Column("words", text(), nullable=False),
        sa.Column("received_at", instant(), nullable=False),
        sa.UniqueConstraint("sender", "body_hash"),
    )
    op.create_table(
        "heard",
        sa.Column("node_id", sa.Integer(), sa.ForeignKey("node.id"), primary_key=True),
        sa.Column("source", text(), sa.ForeignKey("source_cursor.source"), primary_key=True),
        sa.Column("heard_at", instant(), nullable=False),
        sa.Column("occurred_at", instant(), nullable=False),
    )
    op.add_column("api_client", sa.Column("scopes", sa.JSON(none_as_null=True), nullable=True))


def _index(name: str, table: str, columns: list[str], where: "sa.TextClause", *, unique: bool = False) -> None:
    op.create_index(name, table, columns, unique=unique, sqlite_where=where, postgresql_where=where)
