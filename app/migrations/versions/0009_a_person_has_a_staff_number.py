"""A person is known to the company by a staff number, so that its file can be loaded again."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    with op.batch_alter_table("associate") as table:
        table.add_column(sa.Column("staff_number", sqlmodel.sql.sqltypes.AutoString(), nullable=True))
        table.create_unique_constraint("associate_staff_number_key", ["staff_number"])
