"""A task has one timer: the next turn of the window it is in, or its promise, whichever comes first."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0038"
down_revision = "0037"

INSTANT = sqlmodel.sql.sqltypes.UTCDateTime
TEXT = sqlmodel.sql.sqltypes.AutoString
WAITED_FOR = "'requested', 'accepted', 'picking', 'picked', 'awaiting transfer', 'in transit', 'received', 'packed'"
OVER = "'collected', 'shipped', 'moved', 'put back', 'unfulfillable', 'rejected', 'auto-rejected'"
TIMED = sa.text("next_at IS NOT NULL")
CHECKS = {
    "timer_has_its_kind": "(next_at IS NULL) = (next_kind IS NULL)",
    "step_has_its_kind": "(step_due_at IS NULL) = (step_kind IS NULL)",
    "promise_has_its_kind": "(promise_due_at IS NULL) = (promise_kind IS NULL)",
    "timer_is_for_something": "(next_at IS NULL) = (step_due_at IS NULL AND promise_due_at IS NULL)",
    "only_the_living_are_timed": f"next_at IS NULL OR status NOT IN ({OVER})",
    "living_or_set_aside": f"next_at IS NOT NULL OR held_at IS NOT NULL OR exhausted_at IS NOT NULL"
    f" OR status NOT IN ({WAITED_FOR})",
    "only_requests_wait_for_an_answer": "window_kind IS NULL OR window_kind <> 'ack' OR status = 'requested'",
    "staged_is_not_late": f"promise_due_at IS NULL OR status IN ({WAITED_FOR})",
}


def upgrade() -> None:
    op.drop_index("task_escalates", "pickup_task")
    op.drop_index("task_late", "pickup_task")
    for column in _columns():
        op.add_column("pickup_task", column)
    _carry_over()
    with op.batch_alter_table("pickup_task") as table:
        table.add_column(sa.Column("policy_version_id", sa.Integer(), nullable=True))
        table.create_foreign_key("pickup_task_policy_version_id_fkey", "policy_version", ["policy_version_id"], ["id"])
        table.drop_constraint("only_requests_escalate", type_="check")
        table.drop_constraint("staged_is_not_late", type_="check")
        for column in ("escalates_at", "late_at", "ack_due_at"):
            table.drop_column(column)
        for name, check in CHECKS.items():
            table.create_check_constraint(name, check)
    op.create_index("task_next", "pickup_task", ["next_at"], sqlite_where=TIMED, postgresql_where=TIMED)
    op.create_index("task_live", "pickup_task", ["store_id"], sqlite_where=TIMED, postgresql_where=TIMED)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE pickup_task SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02)")


def _columns() -> list[sa.Column]:
    instants = ("next_at", "window_from", "window_due_at", "step_due_at", "plan_basis", "promise_due_at", "held_at",
                "exhausted_at")  # fmt: skip
    kinds = ("next_kind", "window_kind", "step_kind", "promise_kind")
    counts = ("turn", "step", "fault_count", "handoffs")
    return [
        *(sa.Column(name, INSTANT(), nullable=True) for name in instants),
        *(sa.Column(name, sa.String(32), nullable=True) for name in kinds),
        *(sa.Column(name, sa.Integer(), server_default="0", nullable=False) for name in counts),
        *(sa.Column(name, sa.Integer(), nullable=True) for name in ("window_s", "ack_step", "hours_version")),
        sa.Column("open_left_us", sa.BigInteger(), nullable=True),
        sa.Column("held_reason", TEXT(), nullable=True),
        sa.Column("declined_by", sa.JSON(), server_default="[]", nullable=False),
    ]


def _carry_over() -> None:
    """Both timers that there were, and which of them is the next; who had none for no reason is set aside."""
    op.execute(
        "UPDATE pickup_task SET window_from = opened_at, window_due_at = ack_due_at, turn = level, step = level, "
        "window_kind = CASE WHEN status = 'requested' THEN 'ack' END, "
        "step_due_at = escalates_at, step_kind = CASE WHEN escalates_at IS NOT NULL THEN 'climb' END, "
        "promise_due_at = late_at, promise_kind = CASE WHEN late_at IS NOT NULL THEN 'late' END, "
        "next_at = CASE WHEN late_at IS NULL OR escalates_at <= late_at THEN escalates_at ELSE late_at END, "
        "next_kind = CASE WHEN escalates_at IS NULL AND late_at IS NULL THEN NULL "
        "WHEN late_at IS NULL OR escalates_at <= late_at THEN 'climb' ELSE 'late' END"
    )
    op.execute(
        "UPDATE pickup_task SET held_at = opened_at, held_reason = 'payment' "
        "WHERE status = 'requested' AND escalates_at IS NULL AND level < 2"
    )
    op.execute(
        f"UPDATE pickup_task SET exhausted_at = promised_at "
        f"WHERE next_at IS NULL AND held_at IS NULL AND status IN ({WAITED_FOR})"
    )
