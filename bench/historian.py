"""The historian beside SQLite alone, plain Parquet files and a DuckDB file, in one run on the same rows.

    python bench/historian.py --json            # 10 million rows, about two minutes
    python bench/historian.py --rows 500000     # a quick look
"""

from __future__ import annotations

import gc
import os
import shutil
import sqlite3
import statistics
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from arro3.core import Array, Table
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parent))

from harness import Result, arguments, finish, progress
from lineshaft.core.clock import SECOND
from lineshaft.core.sample import Samples
from lineshaft.historian.store import open_historian

TAGS = 50
TICKS_A_BATCH = 10  # 500 rows
START = 1_700_000_000 * SECOND
PERIOD = SECOND // 10
BULK_TICKS = 2_000
Columns = dict[int, NDArray[np.float64]]


@dataclass(frozen=True)
class Plant:
    """Random walks with noise, read together at 10 Hz with up to 2 ms of jitter, quantised as by a 14-bit ADC."""

    times: NDArray[np.int64]
    values: NDArray[np.float64]

    @classmethod
    def simulate(cls, rows: int) -> Plant:
        """``rows`` samples of TAGS tags, the same in every run."""
        rng, ticks = np.random.default_rng(1), -(-rows // TAGS)
        walk = np.cumsum(rng.normal(0, 0.02, (ticks, TAGS)), 0) + rng.normal(0, 0.05, (ticks, TAGS)) + 50
        jitter = rng.integers(0, 2_000, ticks) * 1_000
        return cls(START + np.arange(ticks) * PERIOD + jitter, np.round(walk * 100) / 100)

    def batches(self, first: int, last: int, ticks: int) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float64]]]:
        """Times [n] and values [n, TAGS] of ``ticks`` ticks each."""
        for at in range(first, last, ticks):
            part = slice(at, min(at + ticks, last))
            yield self.times[part], self.values[part]


class Store(ABC):
    """One way to keep the rows, driven the same way as the others."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @abstractmethod
    def append(self, times: NDArray[np.int64], values: NDArray[np.float64]) -> None:
        """Durable when it returns."""

    @abstractmethod
    def as_of(self, time: int) -> Columns:
        """[time, value] of every tag at ``time``."""

    @abstractmethod
    def window(self, start: int, end: int) -> Columns:
        """Values of each tag in order of time."""

    @abstractmethod
    def tidy(self) -> None:
        """What the store does to become small."""


class Lineshaft(Store):
    """SQLite in front of Delta."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.tags = tuple(f"works/hall1/cell{n // 10}/P{n // 5}/signal{n}" for n in range(TAGS))
        self.historian = open_historian(folder)
        self.count = 0

    def append(self, times: NDArray[np.int64], values: NDArray[np.float64]) -> None:
        rows = values.size
        samples = Samples(self.tags, np.tile(np.arange(TAGS, dtype=np.int32), len(times)), np.repeat(times, TAGS),
                          values.ravel(), np.zeros(rows, np.uint32))
        self.historian.append(samples, key=f"node1/{self.count}")
        self.count += 1

    def as_of(self, time: int) -> Columns:
        found = self.historian.as_of(self.tags, time)
        return {n: np.array([found[tag].time, found[tag].value]) for n, tag in enumerate(self.tags)}

    def window(self, start: int, end: int) -> Columns:
        found = self.historian.read(self.tags, start, end)
        return {n: found[tag].value for n, tag in enumerate(self.tags)}

    def tidy(self) -> None:
        self.historian.compact()


class Sqlite(Store):
    """One table clustered by tag and time."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.link = sqlite3.connect(folder / "samples.sqlite", isolation_level=None)
        self.link.execute("PRAGMA journal_mode=WAL")
        self.link.execute("PRAGMA synchronous=FULL")
        self.link.execute("CREATE TABLE sample(tag INTEGER, time INTEGER, arrival INTEGER, value REAL, "
                          "quality INTEGER, PRIMARY KEY(tag, time, arrival)) WITHOUT ROWID")
        self.arrival = 0

    def append(self, times: NDArray[np.int64], values: NDArray[np.float64]) -> None:
        count = values.size
        arrivals = range(self.arrival, self.arrival + count)
        rows = zip(np.tile(np.arange(TAGS), len(times)).tolist(), np.repeat(times, TAGS).tolist(), arrivals,
                   values.ravel().tolist(), strict=True)
        self.link.execute("BEGIN IMMEDIATE")
        self.link.executemany("INSERT INTO sample VALUES(?, ?, ?, ?, 0)", rows)
        self.link.execute("COMMIT")
        self.arrival += count

    def as_of(self, time: int) -> Columns:
        query = ("SELECT time, value, quality FROM sample WHERE tag = ? AND time <= ? "
                 "ORDER BY time DESC, arrival DESC LIMIT 1")
        return {n: np.array(self.link.execute(query, (n, time)).fetchone()[:2]) for n in range(TAGS)}

    def window(self, start: int, end: int) -> Columns:
        query = ("SELECT time, value, quality FROM sample WHERE tag = ? AND time >= ? AND time < ? "
                 "ORDER BY time, arrival")
        return {n: np.array(self.link.execute(query, (n, start, end)).fetchall()).T[1] for n in range(TAGS)}

    def tidy(self) -> None:
        self.link.execute("PRAGMA wal_checkpoint(TRUNCATE)")


class Duck(Store):
    """A DuckDB file with one table."""

    source = "sample"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.link = duckdb.connect(str(folder / "samples.duckdb"))
        self.link.execute("CREATE TABLE sample(tag INTEGER, time BIGINT, value DOUBLE, quality UINTEGER)")

    def append(self, times: NDArray[np.int64], values: NDArray[np.float64]) -> None:
        self.link.register("batch", as_arrow(times, values))
        self.link.execute("INSERT INTO sample SELECT * FROM batch")

    def as_of(self, time: int) -> Columns:
        found = self.link.execute(
            f"SELECT tag, max(time), arg_max(value, time), arg_max(quality, time) FROM {self.source} "
            f"WHERE time <= {time} AND time > {time - 60 * SECOND} GROUP BY tag").fetchall()
        return {row[0]: np.array(row[1:3]) for row in found}

    def window(self, start: int, end: int) -> Columns:
        table = Table.from_arrow(self.link.sql(
            f"SELECT tag, time, value, quality FROM {self.source} WHERE time >= {start} AND time < {end}"))
        tag, times, values, quality = (np.concatenate([np.asarray(chunk) for chunk in table.column(n).chunks])
                                 for n in range(4))
        order = np.argsort(tag.astype(np.uint16), kind="stable")
        tag, times, values, quality = tag[order], times[order], values[order], quality[order]
        edges = np.searchsorted(tag, np.arange(TAGS + 1))
        spans = [slice(*edges[n:n + 2]) for n in range(TAGS)]
        return {n: in_time(times[span], values[span], quality[span])[0] for n, span in enumerate(spans)}

    def tidy(self) -> None:
        self.link.execute("CHECKPOINT")


class Parquet(Duck):
    """A file an append, written aside, synced and renamed; merged by the thousand; read by DuckDB."""

    def __init__(self, folder: Path) -> None:
        Store.__init__(self, folder)
        self.link = duckdb.connect()
        self.source = f"read_parquet('{folder}/*.parquet')"
        self.count = 0

    def append(self, times: NDArray[np.int64], values: NDArray[np.float64]) -> None:
        self.link.register("batch", as_arrow(times, values))
        self._place("SELECT * FROM batch")

    def _place(self, query: str) -> None:
        aside = self.folder / "aside"
        self.link.execute(f"COPY ({query}) TO '{aside}' (FORMAT parquet, COMPRESSION zstd)")
        self.count += 1
        for path in (aside, self.folder):
            handle = os.open(path, os.O_RDONLY)
            os.fsync(handle)
            os.close(handle)
        aside.rename(self.folder / f"{self.count:08d}.parquet")

    def tidy(self) -> None:
        small = sorted(self.folder.glob("*.parquet"))
        for at in range(0, len(small), 1_000):
            some = small[at:at + 1_000]
            self._place(f"SELECT * FROM read_parquet({[str(path) for path in some]}) ORDER BY tag, time")
            for path in some:
                path.unlink()


def as_arrow(times: NDArray[np.int64], values: NDArray[np.float64]) -> Table:
    """A batch as the table (tag, time, value, quality)."""
    return Table.from_pydict({
        "tag": Array.from_numpy(np.tile(np.arange(TAGS, dtype=np.int32), len(times))),
        "time": Array.from_numpy(np.repeat(times, TAGS)), "value": Array.from_numpy(values.ravel()),
        "quality": Array.from_numpy(np.zeros(values.size, np.uint32))})


def in_time(times: NDArray[np.int64], *columns: NDArray[Any]) -> tuple[NDArray[Any], ...]:
    """Columns in order of time, sorted only where needed."""
    if (times[1:] >= times[:-1]).all():
        return columns
    order = np.argsort(times, kind="stable")
    return tuple(column[order] for column in columns)


STORES: dict[str, Callable[[Path], Store]] = {
    "lineshaft": Lineshaft, "sqlite": Sqlite, "parquet": Parquet, "duckdb": Duck}


def measure(name: str, store: Store, plant: Plant) -> dict[str, float]:
    """All figures of one store; its answers are checked against the plant on the way."""
    ticks = len(plant.times)
    streamed = min(ticks, max(ticks // 10, TICKS_A_BATCH * 20))
    progress(f"{name}: filling {ticks * TAGS:,} rows")
    for times, values in plant.batches(0, ticks - streamed, BULK_TICKS):
        store.append(times, values)
    store.tidy()
    progress(f"{name}: appending {streamed * TAGS:,} of them by {TICKS_A_BATCH * TAGS}")
    spent = [timed(lambda t=times, v=values: store.append(t, v))  # type: ignore[misc]  # bound per batch
             for times, values in plant.batches(ticks - streamed, ticks, TICKS_A_BATCH)]
    now, past = int(plant.times[-1]) + PERIOD, int(plant.times[ticks // 2])
    answer = store.as_of(now)
    assert all(answer[n][1] == plant.values[-1, n] for n in range(TAGS)), name
    as_of = [timed(lambda: store.as_of(now)) for _ in range(21)]
    as_of_past = [timed(lambda: store.as_of(past)) for _ in range(5)]
    progress(f"{name}: tidying, then reading everything")
    tidied = timed(store.tidy)
    windows = []
    for _ in range(1 if name == "sqlite" else 5):
        gc.collect()
        begun = time.perf_counter()
        read = store.window(START, now)
        windows.append(time.perf_counter() - begun)
        assert all(np.array_equal(read[n], plant.values[:, n]) for n in range(TAGS)), name
        del read
    size = sum(path.stat().st_size for path in store.folder.rglob("*") if path.is_file())
    return {"append_rows_s": streamed * TAGS / sum(spent), "append_p50_ms": 1e3 * statistics.median(spent),
            "append_p99_ms": 1e3 * float(np.quantile(spent, 0.99)), "append_max_ms": 1e3 * max(spent),
            "asof_ms": 1e3 * statistics.median(as_of), "asof_past_ms": 1e3 * statistics.median(as_of_past),
            "window_10m_s": statistics.median(windows), "tidy_s": tidied, "bytes_per_row": size / (ticks * TAGS)}


def timed(call: Callable[[], Any]) -> float:
    """Seconds of one call."""
    begun = time.perf_counter()
    call()
    return time.perf_counter() - begun


def main() -> None:
    """Run, check, print."""
    parser = arguments(__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000, help="rows in each store")
    chosen = parser.parse_args()
    plant = Plant.simulate(chosen.rows)
    figures: dict[str, dict[str, float]] = {}
    for name, kind in STORES.items():
        folder = Path(tempfile.mkdtemp(prefix=f"bench-{name}-"))
        try:
            figures[name] = measure(name, kind(folder), plant)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    finish(Result(
        "historian",
        f"{plant.values.size} rows of {TAGS} tags (random walks with noise, 0.01 steps, 10 Hz, 2 ms jitter); the last "
        f"tenth in durable batches of {TICKS_A_BATCH * TAGS} rows (lineshaft: each with an idempotency key and its "
        "share of hand-overs); asof_ms: newest values of all tags right after, median of 21; window: all rows as "
        "one array a tag, median of 5 (sqlite 1); bytes after tidying",
        figures, {"lineshaft": "asof_ms <= 1"}), as_json=chosen.json)


if __name__ == "__main__":
    main()
