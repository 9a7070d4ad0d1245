"""Where signals may come from: what connectors there are, what answers on this machine, what files lie here."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lineshaft.connect.registry import manifests

NEAR = "opc.tcp://127.0.0.1:4840/"
KNOCK_S = 0.3
MOST_FILES, MOST_LOOKED_AT = 200, 20_000
OURS = {"bundles", "console", "history", "keys", "logs", "node"}


@dataclass(frozen=True, slots=True)
class File:
    """An export below the project's folder: its path from there, its size in bytes, when it changed (ms)."""

    path: str
    size: int
    changed: int


def kinds() -> list[str]:
    """The connectors that a plant may be behind; one that lives in memory is for tests."""
    return [name for name in manifests() if name != "fake"]


def near() -> bool:
    """Whether something listens where OPC UA servers usually do on this machine."""
    try:
        with socket.create_connection(("127.0.0.1", 4840), KNOCK_S):
            return True
    except OSError:
        return False


def files(folder: Path) -> list[File]:
    """CSV and Parquet exports in and below the folder, the newest first; what Lineshaft keeps there is none."""
    suffixes = set(manifests()["files"].suffixes)
    found = [_file(folder, path) for path in _walk(folder) if path.suffix.lower() in suffixes]
    return sorted(found, key=lambda one: -one.changed)[:MOST_FILES]


def _walk(folder: Path) -> Iterator[Path]:
    looked = 0
    for here, below, names in os.walk(folder):
        top = Path(here) == folder
        below[:] = sorted(name for name in below if not name.startswith((".", "_")) and not (top and name in OURS))
        for name in sorted(names):
            looked += 1
            path = Path(here) / name
            if not name.startswith(".") and path.is_file() and not path.is_symlink():
                yield path
        if looked > MOST_LOOKED_AT:
            return


def _file(folder: Path, path: Path) -> File:
    found = path.stat()
    return File(path.relative_to(folder).as_posix(), found.st_size, found.st_mtime_ns // 1_000_000)
