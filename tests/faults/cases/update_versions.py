"""Lineshaft itself is exchanged over a project folder: an older one's is taken over, a newer one's is left alone."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
import tarfile
from contextlib import closing, redirect_stderr, redirect_stdout
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from tests.faults.case import Injection, Outcome, case

from lineshaft.app import flow
from lineshaft.app.cli import main
from lineshaft.app.edge import Place, load
from lineshaft.app.project import Project
from lineshaft.core.clock import SECOND
from lineshaft.core.errors import LineshaftError
from lineshaft.feedback.decisions import decisions
from lineshaft.node.buffer import DiskBuffer

OLD = sorted((Path(__file__).parents[1] / "corpus").glob("project-*.tar.gz"))
"""Project folders as those versions of Lineshaft wrote them: history, key, bundle, and decisions not yet delivered."""
ASSET = "works/hall"


@case(1, 2, 6, 7, times=len(OLD), quick=len(OLD))
def older_project_is_taken_over(at: Injection) -> Outcome:
    """This version opens the project folder of an older one: history, outbox, bundle; and learns on from there."""
    folder = unpacked(OLD[at.seed % len(OLD)], at.folder)
    project, lies = Project.open(folder), []
    with project.historian() as historian:
        lies += _not_as_recorded(folder)
        buffer = DiskBuffer(project.node_folder, loop="cell", asset=ASSET)
        waiting = buffer.pending(limit=10_000)
        for _ in range(2):  # once more, as after a centre that died before it acknowledged
            number = flow.deliver(waiting, historian, "node1")
        buffer.acknowledge(number)
        left = buffer.depth
        buffer.close()
        kept = decisions(historian, "cell", ASSET, 0, 2**62)
    assert len(waiting) > 10, "the folder came with decisions that nobody had fetched"
    lies += [f"{one.time}: not as decided" for one, was in zip(kept, waiting, strict=False) if one.score
             != np.float32(was.decision.score).item() and one.score != was.decision.score]
    loaded = load(folder / "bundles" / "cell-1", Place(project.node_folder, (folder / "keys" / "lineshaft.pub",)))
    loaded.verify(loaded.engine)
    answer = _asked("model", "train", "--project", str(folder), "--start", "2024-01-01T00:00:00", "--end",
                    "2024-01-01T00:20:00", "--quiet", "-o", "json")
    if json.loads(answer)["version"] != 2:
        lies.append("the next bundle is not the second")
    return Outcome(1, left + max(0, len(waiting) - len(kept)), max(0, len(kept) - len(waiting)), tuple(lies))


@case(6, 7, times=2, quick=2)
def newer_project_is_left_alone(at: Injection) -> Outcome:
    """Files that a newer version wrote (node's buffer, history) are refused in a sentence and not touched."""
    folder = unpacked(OLD[-1], at.folder)
    name, change = [("node/node.sqlite", "PRAGMA user_version = 99"),
                    ("history/hot.sqlite", "UPDATE state SET layout = 99")][at.seed % 2]
    with closing(sqlite3.connect(folder / name, isolation_level=None)) as db:
        db.execute(change)
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    before, said = (folder / name).read_bytes(), "nothing"
    try:
        if "node" in name:
            DiskBuffer(folder / "node", loop="cell", asset=ASSET).close()
        else:
            Project.open(folder).historian().close()
    except LineshaftError as error:
        said = str(error)
    lies = [] if "newer Lineshaft" in said and "upgrade" in said else [f"what was said: {said}"]
    if (folder / name).read_bytes() != before:
        lies.append(f"{name} was changed")
    return Outcome(lies=tuple(lies))


def unpacked(archive: Path, folder: Path) -> Path:
    with tarfile.open(archive) as opened:
        opened.extractall(folder, filter="data")
    return folder


def _not_as_recorded(folder: Path) -> list[str]:
    """The export that the older version recorded, beside what the history holds now."""
    rows = list(csv.DictReader(io.StringIO((folder / "plant.csv").read_text("utf-8"))))
    begun = round(datetime.fromisoformat(rows[0]["time"]).replace(tzinfo=UTC).timestamp()) * SECOND
    with Project.open(folder).historian() as opened:
        paths = [tag.path for tag in opened.tags() if tag.path.rpartition("/")[2] in ("flow", "level", "pressure")]
        read = opened.read(paths, begun, begun + 10_000 * SECOND)
    return [f"{path} is not as it was recorded" for path, series in read.items()
            if series.value.tolist() != [float(row[path.rpartition("/")[2]]) for row in rows]] + (
                [] if len(read) == 3 else [f"{len(read)} of 3 tags are there"])


def _asked(*words: str) -> str:
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = main(list(words))
    assert code == 0, err.getvalue()
    return out.getvalue()

