"""Back offices are told what we moved, and their statements are compared with our books."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0027"
down_revision = "0026"

OUTCOMES = (
    "equal", "in flight", "messages missing", "newer word known", "corrected", "for a person", "for a person already",
)  # fmt: skip
ASKED = sa.text("outcome = 'for a person'")


def upgrade() -> None:
    _postings()
    _runs()


def _postings() -> None:
    text, instant = sqlmodel.sql.sqltypes.AutoString, sqlmodel.sql.sqltypes.UTCDateTime
    op.create_table(
        "back_office",
        sa.Column("code", text(), primary_key=True),
        sa.Column("since", instant(), nullable=False),
    )
    op.create_table(
        "posting",
        sa.Column("office", text(), sa.ForeignKey("back_office.code"), primary_key=True),
        sa.Column("item_id", sa.Integer(), sa.ForeignKey("item.id"), primary_key=True),
        sa.Column("node_id", sa.Integer(), sa.ForeignKey("node.id"), primary_key=True),
        sa.Column("version", sa.Integer(), primary_key=True),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.Column("moved_at", instant(), nullable=False),
        sa.Column("dedupe", text(), nullable=False),
        sa.UniqueConstraint("dedupe"),
    )


def _runs() -> None:
    text, instant = sqlmodel.sql.sqltypes.AutoString, sqlmodel.sql.sqltypes.UTCDateTime
    op.create_table(
        "recon_run",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("source", text(), nullable=False),
        sa.Column("as_of", instant(), nullable=False),
        sa.Column("began_at", instant(), nullable=False),
        sa.Column("ended_at", instant(), nullable=True),
        sa.Column("rule_versions", sa.JSON(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
    )
    op.create_table(
        "recon_item",
        sa.Column("run_id", sa.Integer(), sa.ForeignKey("recon_run.id"), primary_key=True),
        sa.Column("item_id", sa.Integer(), sa.ForeignKey("item.id"), primary_key=True),
        sa.Column("node_id", sa.Integer(), sa.ForeignKey("node.id"), primary_key=True),
        sa.Column("stated", sa.Integer(), nullable=False),
        sa.Column("on_hand", sa.Integer(), nullable=False),
        sa.Column("since", sa.Integer(), nullable=False),
        sa.Column("unbooked", sa.Integer(), nullable=False),
        sa.Column("difference", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.Enum(*OUTCOMES, native_enum=False, length=32), nullable=False),
        sa.CheckConstraint("difference = stated + unbooked - (on_hand - since)", name="difference_adds_up"),
    )
    op.create_index("recon_item_asked", "recon_item", ["item_id", "node_id"],
                    sqlite_where=ASKED, postgresql_where=ASKED)  # fmt: skip
