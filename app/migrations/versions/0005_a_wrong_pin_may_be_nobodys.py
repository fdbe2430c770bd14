"""A wrong PIN may be nobody's: a try for somebody who doesn't work there is counted like any other."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    with op.batch_alter_table("wrong_pin") as batch:
        batch.alter_column("associate_id", existing_type=sa.Integer(), nullable=True)
