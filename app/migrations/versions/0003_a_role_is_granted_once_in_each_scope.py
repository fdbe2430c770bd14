"""A role is granted once in each scope: a unique constraint over columns of which one is always null refuses nothing."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

OLD = "role_grant_associate_id_role_store_id_region_id_key"
NAMED = {"uq": "%(table_name)s_%(column_0_N_name)s_key"}


def upgrade() -> None:
    op.execute(
        "DELETE FROM role_grant WHERE id NOT IN "
        "(SELECT min(id) FROM role_grant GROUP BY associate_id, role, store_id, region_id)"
    )
    scope = sa.CheckConstraint("store_id IS NULL OR region_id IS NULL", name="one_scope")
    with op.batch_alter_table("role_grant", naming_convention=NAMED, table_args=(scope,)) as batch:
        batch.drop_constraint(OLD, type_="unique")
    everywhere = sa.text("store_id IS NULL AND region_id IS NULL")
    op.create_index("one_role_per_store", "role_grant", ["associate_id", "role", "store_id"], unique=True)
    op.create_index("one_role_per_region", "role_grant", ["associate_id", "role", "region_id"], unique=True)
    op.create_index(
        "one_role_everywhere",
        "role_grant",
        ["associate_id", "role"],
        unique=True,
        sqlite_where=everywhere,
        postgresql_where=everywhere,
    )
