"""The project's log files: their ends, a level for each line, and nothing outside of their folder."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from lineshaft.app.console.context import NotFound
from lineshaft.app.project import Project
from lineshaft.core.errors import EnvironmentFailed

MOST_BYTES = 2 << 20
MOST_LINE = 4000
LEVELS = ("info", "warning", "error")
_ERROR = re.compile(r"\b(traceback|error|critical|fatal|exception|failed)\b|\w(Error|Exception)\b|^lineshaft:", re.I)
_WARNING = re.compile(r"\b(warn(ing)?|refused|retry|trying again|reconnecting|no answer|timeout|timed out|lost)\b"
                      r"|^\s*! ", re.I)
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class LogFile:
    """A file of the folder; ``changed`` in ms."""

    name: str
    bytes: int
    changed: int


@dataclass(frozen=True, slots=True)
class Line:
    """``level`` by what the line says: most are plain sentences without one. A traceback is an error to its end."""

    level: str
    text: str


@dataclass(frozen=True, slots=True)
class Tail:
    """The last lines, oldest first; ``cut`` where the file has more that were not looked at."""

    lines: tuple[Line, ...]
    cut: bool


def files(project: Project) -> tuple[LogFile, ...]:
    """The newest first."""
    if not project.logs.is_dir():
        return ()
    found = [LogFile(path.name, path.stat().st_size, path.stat().st_mtime_ns // 1_000_000)
             for path in project.logs.iterdir() if path.suffix == ".log" and path.is_file() and not path.is_symlink()]
    return tuple(sorted(found, key=lambda one: -one.changed))


def tail(project: Project, name: str, *, lines: int, least: str = "info", text: str = "") -> Tail:
    """The last ``lines`` lines of at least this level that hold ``text``; only names of ``files`` are opened."""
    if name not in {one.name for one in files(project)}:
        raise NotFound(f"there is no log {name!r}", where=str(project.logs), do="choose one of the list")
    raw, cut = _end(project.logs / name)
    wanted, low = LEVELS.index(least), text.lower()
    found = [line for line in _lines(raw) if LEVELS.index(line.level) >= wanted and low in line.text.lower()]
    return Tail(tuple(found[-lines:]), cut or len(found) > lines)


def _end(path: Path) -> tuple[str, bool]:
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - MOST_BYTES))
            raw = file.read(MOST_BYTES)
    except OSError as error:
        raise EnvironmentFailed(f"it can't be read ({error.strerror})", where=str(path)) from None
    if size > MOST_BYTES:
        raw = raw.partition(b"\n")[2]
    return raw.decode("utf-8", "replace"), size > MOST_BYTES


def _lines(text: str) -> list[Line]:
    found, inside = list[Line](), False
    for line in text.splitlines():
        clean = _CONTROL.sub("", line)[:MOST_LINE]
        if not clean.strip():
            continue
        inside = clean.startswith("Traceback") or (inside and clean.startswith(" "))
        found.append(Line("error" if inside else _level(clean), clean))
    return found


def _level(line: str) -> str:
    return "error" if _ERROR.search(line) else "warning" if _WARNING.search(line) else "info"
