"""An item may be weighed: counted in the smallest part of its unit, and picked whole with one scan."""

from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.execute(
        "ALTER TABLE item ADD COLUMN decimals INTEGER DEFAULT 0 NOT NULL "
        "CONSTRAINT decimals_of_a_unit CHECK (decimals BETWEEN 0 AND 3)"
    )
    op.execute("ALTER TABLE pick ADD COLUMN quantity INTEGER DEFAULT 1 NOT NULL")
