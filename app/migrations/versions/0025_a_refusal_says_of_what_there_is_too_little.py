"""A refusal says of what there was too little, and how much was free: whoever asks again hears the same."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    op.add_column("admission", sa.Column("lacking", sa.JSON(none_as_null=True), nullable=True))
