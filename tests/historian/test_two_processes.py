"""Several processes use one folder at once."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from deltalake import DeltaTable

from lineshaft.core.errors import EnvironmentFailed
from lineshaft.core.sample import Sample, Samples
from lineshaft.core.store import Historian
from lineshaft.historian import store as store_module
from lineshaft.historian.cold import Cold
from lineshaft.historian.store import open_historian

WORKER = """
import sys
import numpy as np
from lineshaft.core.sample import Samples
from lineshaft.historian.store import open_historian

folder, name, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
stored = 0
with open_historian(folder, flush_rows=100) as historian:
    for number in range(count):
        rows = Samples.row(["shared", name], number, np.full(2, float(number)))
        historian.append(rows, key=f"{name}/{number}")
        stored += historian.append(Samples.row(["once"], number, np.array([float(number)])), key=f"once/{number}")
        if number % 25 == 24:
            historian.compact()
print(stored)
"""


def start(folder: Path, name: str, count: int) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", WORKER, str(folder), name, str(count)],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def shared(historian: Historian, version: str) -> list[float]:
    return [float(v) for v in historian.read(["shared"], 0, 10**9, version=version)["shared"].value]


def test_processes_that_append_and_compact_lose_and_double_nothing(tmp_path: Path) -> None:
    count, names = 100, ("left", "right")
    workers = [start(tmp_path, name, count) for name in names]
    seen: list[tuple[str, list[float]]] = []
    with open_historian(tmp_path) as historian:  # reads all the while
        while any(worker.poll() is None for worker in workers):
            version = historian.version()
            seen.append((version, shared(historian, version)))
        results = [worker.communicate() for worker in workers]
        assert [worker.returncode for worker in workers] == [0, 0], results
        assert sum(int(out) for out, _ in results) == count  # each shared key was stored by one of them
        read = historian.read(["shared", "once", *names], 0, 10**9)
        for name in ("once", *names):
            assert read[name].value.tolist() == list(range(count))
        assert read["shared"].value.tolist() == np.repeat(np.arange(count), 2).tolist()
        for version, values in seen[::5]:
            assert shared(historian, version) == values
    assert len(seen) > 5


def test_the_tail_follows_a_process_that_appends_and_compacts(tmp_path: Path) -> None:
    count, found = 150, []
    with open_historian(tmp_path) as historian:
        arrival, worker = historian.arrived(), start(tmp_path, "left", count)
        while worker.poll() is None or arrival < historian.arrived():
            tail = historian.since(arrival, limit=7)
            arrival = tail.arrival
            found += [(sample.tag, sample.value) for sample in tail.samples]
        said = worker.communicate()
    assert worker.returncode == 0, said
    assert found == [(tag, number) for number in range(count) for tag in ("shared", "left", "once")]


def test_processes_that_create_the_folder_at_once_share_it(tmp_path: Path) -> None:
    workers = [start(tmp_path / "new", f"w{n}", 3) for n in range(3)]
    results = [worker.communicate() for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0, 0], results
    with open_historian(tmp_path / "new") as historian:
        assert len(historian.read(["shared"], 0, 100)["shared"]) == 9


def test_what_one_handle_appends_another_sees_at_once(tmp_path: Path) -> None:
    with open_historian(tmp_path) as one, open_historian(tmp_path, flush_rows=1) as other:
        for number in range(10):
            (one, other)[number % 2].append(Samples.of([Sample(f"t{number}", number, float(number))]))
            (other, one)[number % 2].compact()
            assert (other, one)[number % 2].as_of([f"t{number}"], 100)[f"t{number}"].value == number
            assert len((other, one)[number % 2].read(["t0"], 0, 10)["t0"]) == 1


def test_a_reader_looks_again_when_a_merge_takes_its_files_away(tmp_path: Path,
                                                                monkeypatch: pytest.MonkeyPatch) -> None:
    query, merged = Cold._query, threading.Event()

    def merge_first(text: str, table: DeltaTable) -> Any:
        if not merged.is_set():
            merged.set()
            other.compact()
        return query(text, table)

    with open_historian(tmp_path, flush_rows=1) as reader, open_historian(tmp_path) as other:
        for number in range(3):
            reader.append(Samples.of([Sample("a", number, float(number))]))
        monkeypatch.setattr(Cold, "_query", staticmethod(merge_first))
        assert reader.read(["a"], 0, 10)["a"].value.tolist() == [0.0, 1.0, 2.0]
    assert merged.is_set()


def test_while_another_process_merges_appends_go_on_and_compact_waits(tmp_path: Path,
                                                                      monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "_PATIENCE", 0.05)
    with open_historian(tmp_path, flush_rows=1) as historian:
        merging = sqlite3.connect(tmp_path / "flush.lock", isolation_level=None)
        merging.execute("BEGIN EXCLUSIVE")
        assert historian.append(Samples.of([Sample("a", 1, 1.0)]))
        assert historian.as_of(["a"], 1)["a"].value == 1.0
        with pytest.raises(EnvironmentFailed, match="busy for too long"):
            historian.compact()
        merging.close()
        historian.compact()
        assert historian.as_of(["a"], 1)["a"].value == 1.0


def test_threads_may_share_one_historian(tmp_path: Path) -> None:
    done = threading.Event()

    def append(name: str) -> None:
        for number in range(60):
            historian.append(Samples.row([name], number, np.array([float(number)])))

    def read() -> int:
        rounds = 0
        while not done.is_set():
            version = historian.version()
            before = historian.read(["x", "y"], 0, 100, version=version)
            historian.compact()
            after = historian.read(["x", "y"], 0, 100, version=version)
            assert all(before[tag].value.tolist() == after[tag].value.tolist() for tag in before)
            rounds += 1
        return rounds

    with open_historian(tmp_path, flush_rows=10) as historian, ThreadPoolExecutor(3) as pool:
        reader = pool.submit(read)
        try:
            list(pool.map(append, ["x", "y"]))
        finally:
            done.set()
        assert reader.result() > 0
        assert [len(series) for series in historian.read(["x", "y"], 0, 100).values()] == [60, 60]
