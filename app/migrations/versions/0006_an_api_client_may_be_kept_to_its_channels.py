"""An API client may be kept to its channels; without a list it may use them all."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("api_client", sa.Column("channels", sa.JSON(none_as_null=True), nullable=True))
