"""What a process that only follows events knows of the tables: all that its own refer to."""

import subprocess
import sys

WHOLE = """
import app.reactions
from sqlmodel import SQLModel
for table in SQLModel.metadata.tables.values():
    for key in table.foreign_keys:
        key.column
"""


def test_whoever_follows_events_knows_every_table_theirs_refer_to():
    ran = subprocess.run([sys.executable, "-c", WHOLE], check=False, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
