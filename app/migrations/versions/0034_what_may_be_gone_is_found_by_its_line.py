"""The problems of a line, and those of all that may be gone, are found without reading what was solved long ago."""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"


def upgrade() -> None:
    op.create_index("case_of_line", "exception_case", ["line_id"])
    living = sa.text("kind = 'oversold' AND ended_at IS NULL")
    op.create_index("living_oversold", "exception_case", ["line_id"], sqlite_where=living, postgresql_where=living)
