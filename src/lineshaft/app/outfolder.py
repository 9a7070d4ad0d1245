"""A folder for what comes out of one run: whole or not at all, and nothing that was there is touched."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from lineshaft.connect.files.source import RESULTS
from lineshaft.core.errors import EnvironmentFailed

UNFINISHED = ".unfinished-"


@dataclass(slots=True)
class OutFolder:
    """``work`` is where to write; ``final`` is where it lies once the block has ended well."""

    work: Path
    final: Path


@contextmanager
def out_folder(wanted: Path, name: str) -> Iterator[OutFolder]:
    """What is written in ``work`` appears at once as ``wanted`` where that is new or empty, else in a folder of
    its own there: ``name``, ``name-2`` and so on. After any error, Ctrl-C included, nothing of it is left.
    """
    wanted = wanted.absolute()
    with _told(wanted):
        if wanted.exists() and not wanted.is_dir():
            raise NotADirectoryError(20, "there is a file of this name")
        beside = wanted if wanted.is_dir() else wanted.parent
        beside.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=UNFINISHED, dir=beside))
    out = OutFolder(work, wanted)
    try:
        with _told(wanted):
            (work / RESULTS).touch()
            yield out
            work.chmod(0o755)
            out.final = _published(work, wanted, name)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _published(work: Path, wanted: Path, name: str) -> Path:
    if work.parent == wanted:
        if [entry for entry in wanted.iterdir() if entry != work]:
            return _own(work, wanted, name)
        for entry in sorted(work.iterdir()):
            entry.rename(wanted / entry.name)
        return wanted
    try:
        work.rename(wanted)
    except OSError:  # another run was faster
        wanted.mkdir(exist_ok=True)
        return _own(work, wanted, name)
    return wanted


def _own(work: Path, wanted: Path, name: str) -> Path:
    """The first name that is free; taking it and filling it is one step, so two runs at once never share one."""
    for number in count(1):
        place = wanted / (name if number == 1 else f"{name}-{number}")
        if place.exists():
            continue
        try:
            return work.rename(place)
        except OSError:
            if not place.exists():
                raise
    raise AssertionError("count() has no end")


@contextmanager
def _told(wanted: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise EnvironmentFailed(f"results can't be written here ({error.strerror or error})", where=str(wanted),
                                do="give another folder with --out, or make room") from error
