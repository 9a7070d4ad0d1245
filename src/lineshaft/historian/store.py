"""Store: the historian in a folder.

An append is one SQLite transaction. When enough rows wait there, or long enough, they are handed to Delta:
written and committed with the last arrival number in the same commit, then deleted from SQLite. Whoever
finds that number in Delta but the rows still in SQLite finishes the hand-over and writes nothing twice.
Readers take the SQLite state first and believe Delta only up to the arrival number that it names.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
import time as clock
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType

import numpy as np

from lineshaft.core.columns import Columns
from lineshaft.core.errors import EnvironmentFailed, LineshaftError, UsageError
from lineshaft.core.sample import Sample, Samples
from lineshaft.core.series import Series
from lineshaft.core.tag import Tag
from lineshaft.core.tail import TAIL_ROWS, Tail
from lineshaft.historian.check import check_since
from lineshaft.historian.cold import Cold
from lineshaft.historian.failures import Busy, reporting
from lineshaft.historian.grid import Grid
from lineshaft.historian.hot import Hot, State
from lineshaft.historian.overview import Overview, Snapshot
from lineshaft.historian.pieces import Pieces, as_columns, combined, gathered
from lineshaft.historian.recent import Recent
from lineshaft.historian.rows import Rows, as_samples, joined, series_by_tag
from lineshaft.historian.version import last_arrival, name_version

log = logging.getLogger(__name__)

_FLUSH_ROWS = 200_000
_FLUSH_SECONDS = 600.0
_RETRY_SECONDS = 60.0  # until the next try after a hand-over that failed
_PATIENCE = 120.0  # seconds that compact waits for another process's flush or merge
_AT_ONCE = 1_000_000  # rows of one hand-over


class EmbeddedHistorian:
    """Satisfies ``core.store.Historian``. Threads may share one; processes open the same folder each.

    ``flush_rows`` and ``flush_seconds``: an append that finds so many rows, or rows so long, in SQLite hands
    them over to Delta before it returns.
    """

    def __init__(self, folder: Path, *, flush_rows: int = _FLUSH_ROWS,
                 flush_seconds: float = _FLUSH_SECONDS) -> None:
        self.folder, self._flush_rows, self._flush_seconds = folder, flush_rows, flush_seconds
        self._guard = threading.RLock()
        self._cold = Cold(folder / "samples")
        self._hot = self._open()
        self._overview = Overview(folder / "overview", self._hot.historian)
        try:
            self._check_halves()
        except BaseException:
            self._hot.close()
            raise
        self._open_for_use = True
        self._recent = Recent(self._hot.state().flushed)
        self._paths: dict[int, str] = {}
        self._newest: tuple[int, dict[int, tuple[int, Sample]]] = (-1, {})
        self._flush_after = clock.monotonic() + flush_seconds
        self._retry_after = clock.monotonic()

    def _open(self) -> Hot:
        with reporting(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / "hot.sqlite"
        if path.exists() and path.stat().st_size:
            return Hot(path)
        with self._alone(_PATIENCE):  # two processes may create at once
            if not path.exists() and (self._cold.folder / "_delta_log").exists():
                raise EnvironmentFailed("the file is missing beside its samples folder", where=str(path),
                                        do="restore both from the same copy")
            return Hot(path)

    def _check_halves(self) -> None:
        """An older ``hot.sqlite`` beside newer samples would give arrival numbers a second time."""
        held = self._overview.at_least(0)
        try:
            written = self._cold.written()
        except EnvironmentFailed as error:  # appends are safe without Delta; a read or compact will say it again
            log.warning("samples handed over cannot be read: %s", error)
            return
        if written > self._hot.state().last:
            raise EnvironmentFailed(f"it is older than the samples folder, which holds {written} rows",
                                    where=str(self._hot.path), do="restore both from the same copy")
        if held is not None and held.upto > written:  # a newer overview beside a copy: new rows get its numbers
            with suppress(Busy), self._alone(0):
                self._overview.held(written)

    @contextmanager
    def _alone(self, patience: float) -> Iterator[None]:
        """The right to write Delta: an empty SQLite file as lock, which the system frees with the process."""
        with reporting(self.folder / "flush.lock"):
            lock = sqlite3.connect(self.folder / "flush.lock", timeout=patience, isolation_level=None)
            try:
                lock.execute("BEGIN EXCLUSIVE")
            except BaseException:
                lock.close()
                raise
        try:
            yield
        finally:
            lock.close()

    def register(self, tags: Sequence[Tag]) -> None:
        """Remember or update what is known of these tags."""
        with self._using():
            self._hot.register(tags)

    def tags(self) -> tuple[Tag, ...]:
        """All tags ever registered or appended, by path."""
        with self._using():
            return self._hot.tags()

    def append(self, samples: Samples, *, key: str | None = None) -> bool:
        """Durable when it returns; False where a batch of this ``key`` was stored before."""
        with self._using():
            last = self._hot.append(samples, key)
            if last is not None and self._due(last):
                self._try_flush()
            return last is not None

    def read(self, tags: Sequence[str], start: int, end: int, *,
             version: str | None = None) -> Mapping[str, Series]:
        """Samples with ``start <= source time < end`` of each tag."""
        with self._using():
            state = self._sync()
            last = last_arrival(version, self._hot.historian, state.last)
            numbers = self._hot.numbers(tags)
            known = [number for number in numbers.values() if number is not None]
            hot = self._recent.window(known, start, end, last)
        cold = self._cold.window(state.cold, known, start, end, min(last, state.flushed)) if known else []
        return series_by_tag([*cold, hot], numbers)

    def as_of(self, tags: Sequence[str], time: int, *, version: str | None = None) -> Mapping[str, Sample]:
        """The newest sample at or before ``time`` of each tag that has one."""
        with self._using():
            state = self._sync()
            last = last_arrival(version, self._hot.historian, state.last)
            numbers = {path: n for path, n in self._hot.numbers(tags).items() if n is not None}
            return self._as_of(numbers, time, last, state)

    def _as_of(self, numbers: Mapping[str, int], time: int, last: int, state: State) -> dict[str, Sample]:
        """From memory where that is certain; Delta is asked only for tags it may know better."""
        hot = self._recent.newest(numbers.values(), time, last)
        cold = self._handed_over(state)
        answers: dict[int, Sample | None] = {}
        unsure = []
        for path, number in numbers.items():
            at, known = hot.get(number), cold.get(number)
            if at is not None and (known is None or self._recent.time(at) >= known[1].time):
                answers[number] = self._recent.sample(path, at)  # of equal times the last arrived
            elif known is None:
                answers[number] = None
            elif known[1].time <= time and known[0] <= last:
                answers[number] = known[1]
            else:
                unsure.append(number)
        asked = self._cold.newest(state.cold, unsure, time, min(last, state.flushed)) if unsure else {}
        for path, number in numbers.items():
            if number in unsure:
                answers[number] = self._later(path, hot.get(number), asked.get(number))
        return {path: _named(path, sample) for path, number in numbers.items()
                if (sample := answers[number]) is not None}

    def _later(self, path: str, at: int | None, asked: tuple[int, Sample] | None) -> Sample | None:
        """The newer of a row in memory and one from Delta; of equal times the one in memory arrived last."""
        if at is None:
            return None if asked is None else asked[1]
        if asked is not None and asked[1].time > self._recent.time(at):
            return asked[1]
        return self._recent.sample(path, at)

    def columns(self, tags: Sequence[str], start: int, end: int, count: int) -> Mapping[str, Columns]:
        """About ``count`` columns of each tag that cover ``start <= time < end``."""
        grid = Grid.over(start, end, count)
        with self._using():
            numbers = self._hot.numbers(tags)
            known = [number for number in numbers.values() if number is not None]
            seen = self._overview.at_least(self._hot.state().flushed) if grid.level else None
            state = self._sync()
            hot = self._recent.window(known, grid.start, grid.end, state.last)
        if not known or grid.first > grid.last:
            return as_columns(combined([]), grid.step, numbers)
        pieces, held = self._summed_up(seen, known, grid, state.last)
        if held < state.flushed:
            pieces += self._cold.pieces(state.cold, known, grid, held, state.flushed)
        pieces.append(gathered(hot.take(hot.arrival > held), grid.width))
        return as_columns(combined(pieces, grid.step // grid.width), grid.step, numbers)

    def _summed_up(self, seen: Snapshot | None, known: Sequence[int], grid: Grid,
                   last: int) -> tuple[list[Pieces], int]:
        """What the overview knows of the first so many rows; nothing of none where it is not there.

        A merge in another process may take its files away: then look again. One that holds more than is stored
        is of another time of this historian.
        """
        for _ in range(2):
            if seen is None or seen.upto > last:
                break
            pieces = self._overview.read(seen, known, grid)
            if pieces is not None:
                return [pieces], seen.upto
            seen = self._overview.at_least(0)
        return [], 0

    def arrived(self) -> int:
        """The number of the last sample, of whatever process."""
        with self._using():
            return self._hot.state().last

    def since(self, arrival: int, *, limit: int = TAIL_ROWS) -> Tail:
        """At most ``limit`` samples that arrived after number ``arrival``; one tiny read where there are none.

        From memory, but for those that another process appended and handed over since the last question.
        """
        with self._using():
            state = self._hot.state()
            check_since(arrival, limit, state.last)
            if arrival == state.last:
                return Tail(Samples.empty(), arrival)
            state = self._sync()
            handed_over = min(limit, max(state.flushed - arrival, 0))
            parts = [self._recent.since(arrival + handed_over, limit - handed_over)] if handed_over < limit else []
        if handed_over:
            parts = [self._cold.since(state.cold, arrival, arrival + handed_over), *parts]
        rows = joined(parts)
        return Tail(as_samples(rows, self._paths_of(rows)), arrival + len(rows))

    def version(self) -> str:
        """A name of exactly what is stored now."""
        with self._using():
            return name_version(self._hot.historian, self._hot.state().last)

    def compact(self) -> None:
        """Hand everything to Delta, merge its small files, remove what they replace, shrink SQLite."""
        with self._alone(_PATIENCE):
            with self._using():
                self._flush()
                for merged in self._cold.merge():
                    self._hot.moved(merged)
                self._cold.clean()
                self._hot.shrink()
                paths = self._hot.paths()
            self._catch_up(paths)  # minutes where years lack an overview: other threads go on meanwhile

    def flush(self) -> None:
        """Hand everything to Delta now, for other tools that read the ``samples`` folder."""
        with self._alone(_PATIENCE), self._using():
            self._flush()

    def close(self) -> None:
        """Release files; everything acknowledged is already safe."""
        with self._guard:
            if self._open_for_use:
                self._open_for_use = False
                self._hot.close()

    def __enter__(self) -> EmbeddedHistorian:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()

    @contextmanager
    def _using(self) -> Iterator[None]:
        with self._guard:
            if not self._open_for_use:
                raise UsageError("the historian is closed", where=str(self.folder))
            yield

    def _sync(self) -> State:
        """Bring the mirror up to what all processes stored; the state of that same moment."""
        state = self._hot.state()
        if state.last != self._recent.last or state.flushed != self._recent.first:
            state, rows = self._hot.state_and_rows(self._recent.last)
            if state.flushed != self._recent.first:
                self._recent = self._recent.after(state.flushed)
            self._recent.add(rows)
        return state

    def _paths_of(self, rows: Rows) -> Mapping[int, str]:
        """Paths by number, read anew only where a row has a number not seen before."""
        if not self._paths.keys() >= set(np.unique(rows.tag).tolist()):
            with self._using():
                self._paths = self._hot.paths()
        return self._paths

    def _handed_over(self, state: State) -> dict[int, tuple[int, Sample]]:
        """The newest handed-over row of each tag, kept until the next hand-over."""
        if self._newest[0] != state.flushed:
            self._newest = (state.flushed, self._hot.newest())
        return self._newest[1]

    def _due(self, last: int) -> bool:
        now = clock.monotonic()
        return now >= self._retry_after and (
            now >= self._flush_after or last - self._hot.state().flushed >= self._flush_rows)

    def _try_flush(self) -> None:
        """Hand over without harm to the append that asked: it is stored already, whatever happens here."""
        try:
            with self._alone(0):
                self._flush()
        except Busy:  # another process hands over or merges: these rows go with it or after it
            self._retry_after = clock.monotonic() + 1
        except LineshaftError as error:
            self._retry_after = clock.monotonic() + _RETRY_SECONDS
            log.warning("samples stay in SQLite for now: %s", error)

    def _flush(self) -> None:
        """Hand over all rows; the caller holds the lock. Exactly once, whenever a process dies in between."""
        self._flush_after = clock.monotonic() + self._flush_seconds
        state, written = self._hot.state(), self._cold.written()
        if not state.flushed <= written <= state.last:
            raise EnvironmentFailed(f"it holds rows up to {written}, hot.sqlite speaks of {state.flushed} to "
                                    f"{state.last}", where=str(self._cold.folder),
                                    do="restore hot.sqlite and samples from the same copy")
        held = self._overview.held(written)
        while len(rows := self._hot.rows(state.flushed, _AT_ONCE)):
            upto, paths = int(rows.arrival[-1]), self._hot.paths()
            if upto > written:
                self._cold.write(rows.take(rows.arrival > written), paths, upto)
            held = self._sum_up(rows, paths, state.flushed, held)
            self._hot.hand_over(rows, upto, self._cold.version)
            state = self._hot.state()


    def _sum_up(self, rows: Rows, paths: Mapping[int, str], flushed: int, held: int) -> int:
        """Rows into the overview, unless it lacks some before them; the last arrival that it holds then.

        Whatever fails there, the samples are safe in Delta, and the next compaction catches up.
        """
        upto = int(rows.arrival[-1])
        if not flushed <= held < upto:
            return held
        try:
            self._overview.add(rows.take(rows.arrival > held), paths, upto)
        except Exception as error:  # noqa: BLE001 - see above
            log.warning("the overview stays behind for now: %s", error)
            return held
        return upto

    def _catch_up(self, paths: Mapping[int, str]) -> None:
        """Everything that Delta holds into the overview; then merge its small files. Needs the lock, no more."""
        held = self._overview.held(self._cold.written(), look_closely=True)
        try:
            for rows in self._cold.files(held):
                self._overview.add(rows, paths, int(rows.arrival.max()))
            self._overview.merge(paths)
        except Exception as error:  # noqa: BLE001 - as in _sum_up
            log.warning("the overview stays behind for now: %s", error)


def _named(path: str, sample: Sample) -> Sample:
    return sample if sample.tag == path else replace(sample, tag=path)


def open_historian(path: str | os.PathLike[str], *, flush_rows: int = _FLUSH_ROWS,
                   flush_seconds: float = _FLUSH_SECONDS) -> EmbeddedHistorian:
    """Open the historian in folder ``path``, created where there is none.

    >>> import tempfile
    >>> from lineshaft.core.sample import Sample, Samples
    >>> with tempfile.TemporaryDirectory() as folder, open_historian(folder) as historian:
    ...     stored = historian.append(Samples.of([Sample("works/P101/flow", 5, 1.5)]), key="first")
    ...     historian.as_of(["works/P101/flow"], 7)["works/P101/flow"].value
    1.5
    """
    folder = Path(path)
    if folder.exists() and not folder.is_dir():
        raise UsageError("this is a file, not a folder", where=str(folder), do="name a folder")
    return EmbeddedHistorian(folder, flush_rows=flush_rows, flush_seconds=flush_seconds)
