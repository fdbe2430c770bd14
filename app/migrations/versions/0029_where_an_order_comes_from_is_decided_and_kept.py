"""Where an order comes from is decided and kept: each decision with what it was chosen from, each refusal by node."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0029"
down_revision = "0028"

REFUSED = "routing_decision is append-only: a change of mind is a new decision"
INSTANT = sqlmodel.sql.sqltypes.UTCDateTime


def upgrade() -> None:
    op.add_column("fulfilment", sa.Column("asked_at", INSTANT(), nullable=True))
    is_ship = sa.text("kind = 'ship'")
    op.create_index(
        "fulfilment_asked", "fulfilment", ["node_id", "asked_at"], sqlite_where=is_ship, postgresql_where=is_ship
    )
    _decisions()
    _refusals()
    _stay_as_they_are()


def _decisions() -> None:
    op.create_table(
        "routing_decision",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("order_id", sa.Integer(), sa.ForeignKey("order.id"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", INSTANT(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("mode", sa.String(32), nullable=False),
        sa.Column("outcome", sa.String(32), nullable=False),
        *(sa.Column(name, sa.JSON(), nullable=False) for name in ("rule_version_ids", "wanted", "candidates", "parts")),
        sa.Column("cost_minor", sa.Float(), nullable=False),
        sa.Column("gap_minor", sa.Float(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.UniqueConstraint("order_id", "number"),
    )


def _refusals() -> None:
    op.create_table(
        "routing_refusal",
        *(sa.Column(f"{name}_id", sa.Integer(), sa.ForeignKey(f"{name}.id"), primary_key=True)
          for name in ("order", "node", "item")),
        sa.Column("refused_at", INSTANT(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
    )  # fmt: skip


def _stay_as_they_are() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION refuse_to_decide_again() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{REFUSED}'; END $$"
        )
        op.execute(
            "CREATE TRIGGER routing_decision_stays BEFORE UPDATE OR DELETE ON routing_decision "
            "FOR EACH ROW EXECUTE FUNCTION refuse_to_decide_again()"
        )
    else:
        for change in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER routing_decision_refuses_{change.lower()} BEFORE {change} ON routing_decision "
                f"BEGIN SELECT RAISE(ABORT, '{REFUSED}'); END"
            )
