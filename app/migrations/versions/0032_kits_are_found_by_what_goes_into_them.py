"""A kit is found by what goes into it: what it may be sold for follows from that."""

from alembic import op

revision = "0032"
down_revision = "0031"


def upgrade() -> None:
    op.create_index("ix_kit_component_item_id", "kit_component", ["item_id"])
