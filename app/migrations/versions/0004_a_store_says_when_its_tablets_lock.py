"""A store says after how many idle seconds its tablets ask whether somebody is there, and when they lock."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute("ALTER TABLE store ADD COLUMN warn_after_s INTEGER DEFAULT 60 NOT NULL")
    op.execute(
        "ALTER TABLE store ADD COLUMN lock_after_s INTEGER DEFAULT 90 NOT NULL "
        "CONSTRAINT warned_before_locked CHECK (warn_after_s > 0 AND lock_after_s > warn_after_s)"
    )
