"""Each time it was looked whether what must never break holds, and what was found."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel


class AuditRun(SQLModel, table=True):
    """One look; nothing found is the good news."""

    __tablename__ = "audit_run"

    at: datetime = Field(primary_key=True)
    findings: list[dict[str, Any]] = Field(sa_type=sa.JSON)
