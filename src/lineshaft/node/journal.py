"""The journal in a node's folder, read beside the node or without one."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec

from lineshaft.core.errors import EnvironmentFailed
from lineshaft.node.alarms import Transition
from lineshaft.node.buffer import FILE
from lineshaft.prepared import prepared

_SELECT = ("SELECT body FROM journal WHERE time >= ? AND time < ? ORDER BY sequence DESC LIMIT ?")


def read_journal(folder: Path, start: int, end: int, limit: int) -> list[Transition]:
    """The newest ``limit`` transitions with ``start <= time < end``, oldest first; none where no node ever ran.

    It neither waits for the node nor makes it wait.
    """
    path = folder / FILE
    if not path.exists():
        return []
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=10)) as db:
            rows = db.execute(_SELECT, (start, end, limit)).fetchall()
    except sqlite3.Error as error:
        raise EnvironmentFailed(f"the alarm journal cannot be read ({error})", where=str(path),
                                do="see whether this user may read and write the node's folder") from error
    return [msgspec.json.decode(body, type=Transition) for (body,) in reversed(rows)]


prepared(Transition)
