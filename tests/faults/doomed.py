"""``python -m tests.faults.doomed SUBJECT DEATH TURN FOLDER``: do one thing again and again, and die at a step of it.

The number of each that is done goes to stdout; it dies at the TURN-th time that the step comes.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import count, pairwise
from pathlib import Path
from typing import Any

from tests import dying
from tests.faults import small

from lineshaft.app.config import FILE
from lineshaft.app.console.setup import file as setup
from lineshaft.app.console.setup.edit import Change
from lineshaft.app.project import Project
from lineshaft.app.template import template
from lineshaft.bundle import storage
from lineshaft.bundle.open import open_bundle
from lineshaft.core.alarm import Alarm
from lineshaft.node.alarms import AlarmBook
from lineshaft.node.buffer import DiskBuffer
from lineshaft.node.disk import Disk, open_disk

HOUR = 3600 * 10**9
Arm = Callable[[int], dying.Death]


@dataclass(frozen=True, slots=True)
class Subject:
    """``prepare`` gives what does the n-th one; ``steps`` at which it may die, by name; ``wrong`` looks afterwards,
    given how many were done."""

    prepare: Callable[[Path], Callable[[int], object]]
    steps: Mapping[str, Arm]
    wrong: Callable[[Path, int], list[str]]


class StatementDisk:
    """A node's disk that dies before or after the ``turn``-th statement that begins with ``words``."""

    words, turn, done = "", 0, False

    def __init__(self, disk: Disk) -> None:
        self._disk = disk

    def execute(self, statement: str, *values: Any) -> Any:
        return self._stepped(self._disk.execute, statement, *values)

    def executemany(self, statement: str, *rows: Any) -> object:
        return self._stepped(self._disk.executemany, statement, *rows)

    def _stepped(self, call: Callable[..., Any], statement: str, *values: Any) -> Any:
        kind = type(self)
        kind.turn -= bool(kind.words) and statement.startswith(kind.words)
        last = bool(kind.words) and statement.startswith(kind.words) and kind.turn == 0
        if last and not kind.done:
            dying.die()
        found = call(statement, *values)
        if last:
            dying.die()
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self._disk, name)


def _statements(*words: str) -> dict[str, Arm]:
    def arm(word: str, done: bool, turn: int) -> dying.Death:
        def armed() -> None:
            StatementDisk.words, StatementDisk.turn, StatementDisk.done = word, turn, done
        return armed

    return {f"{'after' if done else 'before'} {word.lower()}": partial(arm, word, done)
            for word in words for done in (False, True)}


def _calls(*calls: tuple[object, str, str]) -> dict[str, Arm]:
    return {f"{when} {said}": lambda turn, how=how, owner=owner, name=name: how(owner, name, turn)  # type: ignore[misc]
            for owner, name, said in calls for when, how in (("before", dying.before), ("after", dying.after))}


# -- a bundle is packed

def _pack(folder: Path) -> Callable[[int], object]:
    made = small.parts(folder / "made")
    return lambda number: small.bundle(made, number + 1, f"cell-{number}{'.tar' * (number % 2)}")


def _packed_wrong(folder: Path, done: int) -> list[str]:
    made, wrong = folder / "made", []
    for number in range(done + 1):
        path = made / f"cell-{number}{'.tar' * (number % 2)}"
        if not path.exists():
            wrong += [f"{path.name} is gone"] * (number < done)
        elif open_bundle(path, trusted_keys=[made / "signer.pub"]).manifest.version != number + 1:
            wrong.append(f"{path.name} is another version")
    return wrong


# -- which bundle decides is noted

def _note(folder: Path) -> Callable[[int], object]:
    made = small.parts(folder / "made")
    (folder / FILE).write_text(template("plant:", name="works", learn="by hand"), "utf-8")
    project = Project.open(folder)
    digests = [made.pack(f"../bundles/{project.loop}-{version}").digest for version in (1, 2)]
    return lambda number: project.note_decides(digests[number % 2])


def _noted_wrong(folder: Path, done: int) -> list[str]:
    project = Project.open(folder)
    decides, there = project.decides(), list(project.bundles().values())
    may = {there[number % 2] for number in (done - 1, done) if number >= 0}
    return [] if decides in may or (not done and decides is None) else [f"{decides} decides, not one of {may}"]


# -- lineshaft.toml is written from the set-up

def _configure(folder: Path) -> Callable[[int], object]:
    (folder / FILE).write_text(template("plant:", name="works/0", learn="by hand"), "utf-8")
    return lambda number: setup.write(folder, setup.drafted(folder, [Change(("plant", "name"), f"works/{number + 1}")]))


def _configured_wrong(folder: Path, done: int) -> list[str]:
    name = Project.open(folder).config.plant.name
    return [] if name in (f"works/{done}", f"works/{done + 1}") else [f"{name} after {done} changes"]


# -- an alarm changes

def _change(book: AlarmBook, number: int) -> Alarm:
    now = 10**18 + number
    acts: tuple[Callable[[], Alarm], ...] = (
        lambda: book.condition("cell", True, now=now), lambda: book.acknowledge("cell", by=f"p{number}", now=now),
        lambda: book.shelve("cell", until=now + HOUR, reason="service", by=f"p{number}", now=now),
        lambda: book.unshelve("cell", by=f"p{number}", now=now), lambda: book.condition("cell", False, now=now))
    return acts[number % len(acts)]()


def _alarm(folder: Path) -> Callable[[int], object]:
    buffer = DiskBuffer(folder, loop="cell", opened=lambda path: StatementDisk(open_disk(path)))
    book = AlarmBook(buffer.alarms(), keep=buffer.keep_alarm)

    def change(number: int) -> None:
        _change(book, number)
        book.keep_up()

    return change


def _alarm_wrong(folder: Path, done: int) -> list[str]:
    buffer = DiskBuffer(folder, loop="cell")
    kept, journal = buffer.alarms(), buffer.journal()
    buffer.close()
    book = AlarmBook()
    may = [[_change(book, number)] for number in range(done + 1)]
    if kept not in (may[done], may[done - 1] if done else []):
        return [f"{kept} was kept after {done} changes"]
    wrong = [f"the journal goes from {a.after} to {b.before}" for a, b in pairwise(journal)
             if a.after is not b.before]
    return wrong + [f"the journal ends with {journal[-1]}"] * bool(kept and journal[-1].after is not kept[0].state)


# -- decisions go to the outbox

def _outbox(folder: Path) -> Callable[[int], object]:
    buffer = DiskBuffer(folder, loop="cell", opened=lambda path: StatementDisk(open_disk(path)))

    def put(number: int) -> None:
        buffer.put((number, 1.5, True, 0.9, 40_000, False, 0, (), (), f"sha256:{number % 3}", None))
        assert buffer.flush(), buffer.fault
        if number % 4 == 3:
            buffer.acknowledge(number - 1)

    return put


def _outbox_wrong(folder: Path, done: int) -> list[str]:
    buffer = DiskBuffer(folder, loop="cell")
    kept = [(one.sequence, one.decision.time) for one in buffer.pending(limit=10_000)]
    gone = buffer.acknowledged
    buffer.close()
    times = [when for _, when in kept]
    allowed = (list(range(gone, done)), list(range(gone, done + 1)))
    return [] if times in allowed and all(number == when + 1 for number, when in kept) else [
        f"{kept} wait after {done} were durable and {gone} acknowledged"]


WHOLE = _calls((os, "fsync", "it is flushed"), (Path, "replace", "it takes its place"))
SUBJECTS: Mapping[str, Subject] = {
    "bundle": Subject(_pack, _calls((storage, "_write_folder", "its folder is written"),
                                    (storage, "_write_tar_file", "its file is written"),
                                    (storage, "_flush", "a part is flushed"), (storage, "_named", "it gets its name")),
                      _packed_wrong),
    "note": Subject(_note, WHOLE, _noted_wrong),
    "toml": Subject(_configure, WHOLE, _configured_wrong),
    "alarm": Subject(_alarm, _statements("BEGIN", "INSERT OR REPLACE INTO alarm", "INSERT INTO journal", "COMMIT"),
                     _alarm_wrong),
    "outbox": Subject(_outbox, _statements("INSERT INTO decision", "DELETE FROM decision", "COMMIT"), _outbox_wrong),
}


def _main(subject: str, step: str, turn: int, folder: Path) -> None:
    do = SUBJECTS[subject].prepare(folder)
    SUBJECTS[subject].steps[step](turn)()
    for number in count():
        do(number)
        print(number, flush=True)


if __name__ == "__main__":
    _main(sys.argv[1], sys.argv[2], int(sys.argv[3]), Path(sys.argv[4]))
