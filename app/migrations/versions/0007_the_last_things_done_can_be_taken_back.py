"""The last things an associate did are kept, each with every order it touched, and can be taken back."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "deed",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("associate_id", sa.Integer(), nullable=False),
        sa.Column("store_id", sa.Integer(), nullable=False),
        sa.Column(
            "act",
            sa.Enum(
                "acknowledgement", "picks", "shorts", "staging", "handover", name="act", native_enum=False, length=32
            ),
            nullable=False,
        ),
        sa.Column("versions", sa.JSON(), nullable=False),
        sa.Column("words", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("taken_back_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["associate_id"], ["associate.id"]),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("deed_of_associate", "deed", ["associate_id", "store_id", "id"])
    op.drop_table("undo_slot")  # it held one act, until the next
