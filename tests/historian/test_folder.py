"""What lies in the folder: small, open, and not more than needed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from deltalake import DeltaTable, QueryBuilder

from lineshaft.core.sample import Sample, Samples
from lineshaft.historian import cold as cold_module
from lineshaft.historian.store import EmbeddedHistorian, open_historian


def fill(historian: EmbeddedHistorian, batches: int, rows: int = 1000) -> None:
    rng = np.random.default_rng(0)
    for number in range(batches):
        index = np.tile(np.arange(50, dtype=np.int32), rows // 50)
        times = number * rows + np.arange(rows, dtype=np.int64)
        historian.append(Samples(tuple(f"t{n}" for n in range(50)), index, times, rng.normal(size=rows).round(2),
                                 np.zeros(rows, np.uint32)))


def size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def test_other_tools_read_the_delta_table(tmp_path: Path) -> None:
    with open_historian(tmp_path) as historian:
        historian.append(Samples.of([Sample("works/泵/flow", 7, 1.5, 0x80310000),
                                     Sample("note", 8, np.nan, text="ok")]))
        historian.flush()
    table = DeltaTable(str(tmp_path / "samples"))
    rows = QueryBuilder().register("s", table).execute("SELECT * FROM s ORDER BY arrival").read_all()
    named = {name: rows.column(name).to_pylist() for name in rows.column_names}
    assert named["tag"] == ["works/泵/flow", "note"]
    assert named["time"] == [7, 8]
    assert named["value"][0] == 1.5
    assert named["quality"] == [0x80310000, 0]
    assert named["text"] == [None, "ok"]
    assert named["arrival"] == [1, 2]


def test_compaction_leaves_one_small_file_and_an_empty_front(tmp_path: Path) -> None:
    with open_historian(tmp_path, flush_rows=10_000) as historian:
        fill(historian, 55)
        assert len(list((tmp_path / "samples").glob("*.parquet"))) == 5
        historian.compact()
        assert len(list((tmp_path / "samples").glob("*.parquet"))) == 1
        assert (tmp_path / "hot.sqlite").stat().st_size < 65_536
    assert size(tmp_path) < 55_000 * 8


def test_a_merge_rewrites_only_small_neighbours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cold_module, "_MERGED", 3_000)
    folder = tmp_path / "samples"
    with open_historian(tmp_path, flush_rows=1) as historian:
        fill(historian, 3)
        historian.compact()
        full = set(folder.glob("*.parquet"))
        fill(historian, 2)
        historian.compact()
        assert full < set(folder.glob("*.parquet"))
        assert len(list(folder.glob("*.parquet"))) == 2
        assert sum(map(len, historian.read([f"t{n}" for n in range(50)], 0, 10**9).values())) == 5_000


def test_a_quiet_historian_hands_over_after_a_while(tmp_path: Path) -> None:
    with open_historian(tmp_path, flush_seconds=0) as historian:
        historian.append(Samples.of([Sample("a", 1, 1.0)]))
    assert DeltaTable.is_deltatable(str(tmp_path / "samples"))


def test_opening_and_reading_write_no_samples_folder(tmp_path: Path) -> None:
    with open_historian(tmp_path) as historian:
        historian.append(Samples.of([Sample("a", 1, 1.0)]))
        historian.read(["a"], 0, 10)
    assert not (tmp_path / "samples").exists()
