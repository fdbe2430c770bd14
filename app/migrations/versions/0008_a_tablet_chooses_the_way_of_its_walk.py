"""A tablet chooses the way of its pick walk: aisle by aisle, or late orders first."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "walk_choice",
        sa.Column("device_id", sa.Integer(), nullable=False),
        sa.Column("way", sa.Enum("aisle", "late", name="way", native_enum=False, length=32), nullable=False),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"]),
        sa.PrimaryKeyConstraint("device_id"),
    )
