"""A published rule can be ended, but never rewritten or removed: decisions name the version they followed."""

from alembic import op

revision = "0022"
down_revision = "0021"

SAID = "kind, scope, number, body, valid_from, published_at, published_by, restores"
REFUSED = "a published rule stays as it was: say it anew"


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION refuse_to_rewrite() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{REFUSED}'; END $$"
        )
        op.execute(
            f"CREATE TRIGGER rule_version_stays BEFORE DELETE OR UPDATE OF {SAID} ON rule_version "
            "FOR EACH ROW EXECUTE FUNCTION refuse_to_rewrite()"
        )
    else:
        for name, change in (("rewritten", f"UPDATE OF {SAID}"), ("removed", "DELETE")):
            op.execute(
                f"CREATE TRIGGER rule_version_is_never_{name} BEFORE {change} ON rule_version "
                f"BEGIN SELECT RAISE(ABORT, '{REFUSED}'); END"
            )
