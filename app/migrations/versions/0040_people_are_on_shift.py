"""People are on shift, may be written to, and a place has a mailbox for when nobody is."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0040"
down_revision = "0039"

TO_SETTLE = sa.text("settled_at IS NULL")


def upgrade() -> None:
    text, instant = sqlmodel.sql.sqltypes.AutoString, sqlmodel.sql.sqltypes.UTCDateTime
    op.create_table(
        "duty",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("associate_id", sa.Integer(), sa.ForeignKey("associate.id"), nullable=False),
        sa.Column("store_id", sa.Integer(), sa.ForeignKey("store.id"), nullable=True),
        sa.Column("region_id", sa.Integer(), sa.ForeignKey("region.id"), nullable=True),
        sa.Column("role", sa.String(32), nullable=False),
        sa.Column("starts_at", instant(), nullable=False),
        sa.Column("ends_at", instant(), nullable=False),
        sa.Column("source", sa.String(32), nullable=False),
        sa.Column("ended_at", instant(), nullable=True),
        sa.Column("settled_at", instant(), nullable=True),
        sa.CheckConstraint("(store_id IS NULL) <> (region_id IS NULL)", name="on_duty_in_one_place"),
        sa.CheckConstraint("ends_at > starts_at", name="a_shift_ends_after_it_begins"),
    )
    op.create_index("ix_duty_associate_id", "duty", ["associate_id"])
    op.create_index("duty_in_store", "duty", ["store_id", "ends_at"])
    op.create_index("duty_in_region", "duty", ["region_id", "ends_at"])
    op.create_index("duty_to_settle", "duty", ["ends_at"], sqlite_where=TO_SETTLE, postgresql_where=TO_SETTLE)
    for name in ("email", "phone"):
        op.add_column("associate", sa.Column(name, text(), nullable=True))
    op.add_column("associate", sa.Column("quiet", sa.JSON(none_as_null=True), nullable=True))
    op.add_column("store", sa.Column("mailbox", text(), nullable=True))
    op.add_column("store", sa.Column("hours_version", sa.Integer(), server_default="1", nullable=False))
    op.add_column("region", sa.Column("mailbox", text(), nullable=True))
