"""What was said about an order's money is kept word by word; a line knows its discount, its tax and what it cost us."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0018"
down_revision = "0017"

KINDS = ("authorised", "captured", "failed", "refunded", "refund due")
REFUSED = "is append-only: a correction is a new row"


def upgrade() -> None:
    text, instant = sqlmodel.sql.sqltypes.AutoString, sqlmodel.sql.sqltypes.UTCDateTime
    op.create_table(
        "payment",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("order_id", sa.Integer(), sa.ForeignKey("order.id"), nullable=False, index=True),
        sa.Column("kind", sa.Enum(*KINDS, name="paymentkind", native_enum=False, length=32), nullable=False),
        sa.Column("amount_minor", sa.Integer(), nullable=False),
        sa.Column("provider_ref", text(), nullable=False, unique=True),
        sa.Column("actor", text(), nullable=False),
        sa.Column("at", instant(), nullable=False),
        sa.CheckConstraint("amount_minor >= 0", name="no_negative_money"),
    )
    for name in ("discount_minor", "tax_minor", "unit_cost_minor"):
        op.execute(
            f"ALTER TABLE order_line ADD COLUMN {name} INTEGER DEFAULT 0 NOT NULL "
            f"CONSTRAINT no_negative_{name} CHECK ({name} >= 0)"
        )
    op.execute(
        "UPDATE order_line SET unit_cost_minor = (SELECT cost_minor FROM item WHERE item.id = order_line.item_id)"
    )
    op.execute(
        "INSERT INTO payment (order_id, kind, amount_minor, provider_ref, actor, at) SELECT id, payment_state, "
        "amount_minor, 'order/' || id || '\\:placed', 'system', placed_at FROM \"order\" WHERE payment_state <> 'pending'"
    )
    _only_grows()


def _only_grows() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE TRIGGER payment_append_only BEFORE UPDATE OR DELETE ON payment "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        return
    for change in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER payment_refuses_{change.lower()} BEFORE {change} ON payment "
            f"BEGIN SELECT RAISE(ABORT, 'payment {REFUSED}'); END"
        )
