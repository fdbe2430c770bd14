"""Policies are kept as they were: a task goes on under the one it began with, whatever is published meanwhile."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0037"
down_revision = "0036"

REFUSED = "a policy a task began under stays as it was"


def upgrade() -> None:
    text, instant = sqlmodel.sql.sqltypes.AutoString, sqlmodel.sql.sqltypes.UTCDateTime
    op.create_table(
        "policy_version",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("digest", text(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("rule_version_ids", sa.JSON(), nullable=False),
        sa.Column("made_at", instant(), nullable=False),
        sa.UniqueConstraint("digest"),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION refuse_to_change_a_policy() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{REFUSED}'; END $$"
        )
        op.execute(
            "CREATE TRIGGER policy_version_stays BEFORE DELETE OR UPDATE ON policy_version "
            "FOR EACH ROW EXECUTE FUNCTION refuse_to_change_a_policy()"
        )
    else:
        for name, change in (("rewritten", "UPDATE"), ("removed", "DELETE")):
            op.execute(
                f"CREATE TRIGGER policy_version_is_never_{name} BEFORE {change} ON policy_version "
                f"BEGIN SELECT RAISE(ABORT, '{REFUSED}'); END"
            )
