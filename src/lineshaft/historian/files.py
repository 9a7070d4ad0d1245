"""Files: what lies in the Delta folder, whether it is whole, and pushing it to the disk."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from deltalake import DeltaTable

from lineshaft.core.errors import EnvironmentFailed
from lineshaft.historian.failures import damaged

_MAGIC = b"PAR1"  # first and last four bytes of every Parquet file


@dataclass(frozen=True, slots=True)
class Part:
    """Arrivals ``first..last``, source times ``low..high``, ``count`` rows: a Parquet file, or several together."""

    name: str
    size: int
    first: int
    last: int
    low: int
    high: int
    count: int
    files: int = 1


def packed(files: list[Part], rows: int) -> list[Part]:
    """Neighbours together as long as they make at most ``rows``; a larger file stays alone."""
    packs: list[Part] = []
    for part in files:
        if packs and packs[-1].count + part.count <= rows:
            packs[-1] = _together(packs[-1], part)
        else:
            packs.append(part)
    return packs


def _together(one: Part, after: Part) -> Part:
    return Part("", one.size + after.size, one.first, after.last, min(one.low, after.low), max(one.high, after.high),
                one.count + after.count, one.files + after.files)


def parts(table: DeltaTable | None) -> list[Part]:
    """The files of a table in order of arrival."""
    if table is None:
        return []
    adds = table.get_add_actions(flatten=True)
    columns = [adds.column(name).to_pylist() for name in ("path", "size_bytes", "min.arrival", "max.arrival",
                                                          "min.time", "max.time", "num_records")]
    return sorted((Part(*values) for values in zip(*columns, strict=True)), key=lambda part: part.first)


def find_damage(table: DeltaTable | None) -> EnvironmentFailed | None:
    """The first file of the table that is missing, cut short or not Parquet."""
    if table is None:
        return None
    folder = Path(table.table_uri.removeprefix("file://"))
    for part in parts(table):
        path = folder / part.name
        if not path.exists() or path.stat().st_size != part.size or not _is_parquet(path):
            return damaged(path)
    return None


def damaged_commit(folder: Path) -> EnvironmentFailed | None:
    """The first commit of the table's log that is no JSON."""
    for commit in sorted((folder / "_delta_log").glob("*.json")):
        try:
            for line in commit.read_bytes().splitlines():
                json.loads(line)
        except ValueError:
            return damaged(commit)
    return None


def _is_parquet(path: Path) -> bool:
    with path.open("rb") as file:
        head = file.read(4)
        file.seek(-4, os.SEEK_END)
        return head == file.read(4) == _MAGIC


def synchronise(folder: Path, version: int) -> None:
    """fsync the files that commit ``version`` added, the commit itself and their folders.

    deltalake leaves this to the system, so a power cut after a hand-over could otherwise lose rows that were
    acknowledged from SQLite.
    """
    commit = folder / "_delta_log" / f"{version:020d}.json"
    actions = [json.loads(line) for line in commit.read_text().splitlines()]
    added = [folder / action["add"]["path"] for action in actions if "add" in action]
    for path in (*added, commit, commit.parent, folder, folder.parent):
        _fsync(path)


def _fsync(path: Path) -> None:
    if path.is_dir() and os.name == "nt":  # Windows has no fsync of a folder
        return
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
