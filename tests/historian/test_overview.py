"""The overview is a cache: in step with what is handed over, and nothing is lost with it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from deltalake import DeltaTable, QueryBuilder
from tests.historian.test_against_reference import same_columns

from lineshaft.core.sample import Sample, Samples
from lineshaft.historian import cold as cold_module
from lineshaft.historian import overview as overview_module
from lineshaft.historian.cold import Cold
from lineshaft.historian.memory import MemoryHistorian
from lineshaft.historian.store import EmbeddedHistorian, open_historian

SECOND = 10**9
DAY = 86_400 * SECOND
TAGS = ("a", "b", "c/d")


def batch(number: int, rows: int = 300) -> Samples:
    """Half an hour of samples at odd moments, some late, some bad."""
    rng = np.random.default_rng(number)
    time = (number * 1_000 + rng.integers(-2_000, 1_800, rows)) * SECOND
    return Samples(TAGS, rng.integers(0, 3, rows).astype(np.int32), time, rng.normal(size=rows),
                   rng.choice(np.array([0, 0, 0, 0x40000000, 0x80310000], np.uint32), rows))


class Pair:
    """A historian and its reference, given the same."""

    def __init__(self, folder: Path) -> None:
        self.historian, self.reference, self.number = open_historian(folder), MemoryHistorian(), 0

    def add(self, batches: int, *, flush: bool = True) -> None:
        for _ in range(batches):
            for one in (self.historian, self.reference):
                one.append(batch(self.number))
            self.number += 1
            if flush:
                self.historian.flush()

    def check(self) -> None:
        for count in (5, 40, 300):
            same_columns(self.historian, self.reference, 0, DAY, count)


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    return Pair(tmp_path)


def held(historian: EmbeddedHistorian) -> int:
    seen = historian._overview.at_least(2**62)
    return 0 if seen is None else seen.upto


def no_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on the overview must be enough."""
    def refuse(*given: object) -> None:
        raise AssertionError("samples were read")
    monkeypatch.setattr(Cold, "pieces", refuse)


def test_a_hand_over_brings_the_overview_along(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    pair.add(10)
    pair.add(1, flush=False)
    assert held(pair.historian) == 3_000
    no_samples(monkeypatch)
    same_columns(pair.historian, pair.reference, 0, DAY, 300)


def test_history_without_an_overview_gets_one_by_compaction(pair: Pair, tmp_path: Path,
                                                            monkeypatch: pytest.MonkeyPatch) -> None:
    pair.add(5)
    shutil.rmtree(tmp_path / "overview")
    pair.add(3)
    assert held(pair.historian) == 0
    pair.check()
    monkeypatch.setattr(cold_module, "_MERGED", 700)
    pair.historian.compact()
    assert held(pair.historian) == 2_400
    pair.add(1)
    no_samples(monkeypatch)
    same_columns(pair.historian, pair.reference, 0, DAY, 300)


def test_one_that_is_deleted_and_made_anew_is_not_taken_for_the_old_one(pair: Pair, tmp_path: Path) -> None:
    pair.add(4)
    pair.check()
    shutil.rmtree(tmp_path / "overview")
    with open_historian(tmp_path) as other:
        other.compact()
    pair.check()
    pair.add(2)
    pair.check()


def torn(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:50])


@pytest.mark.parametrize(("pattern", "harm"), [("*/*.parquet", torn), ("*/*.parquet", Path.unlink),
                                               ("*/_delta_log/*.json", torn)])
def test_a_damaged_overview_costs_time_and_nothing_else(pair: Pair, tmp_path: Path, pattern: str,
                                                        harm: Callable[[Path], None]) -> None:
    pair.add(4)
    for file in (tmp_path / "overview").glob(pattern):
        harm(file)
    with open_historian(tmp_path) as fresh:
        same_columns(fresh, pair.reference, 0, DAY, 40)
    pair.check()
    pair.add(1)
    pair.check()
    pair.historian.compact()
    assert held(pair.historian) == 1_500
    pair.check()


def test_an_overview_that_cannot_be_written_stops_no_hand_over(pair: Pair, monkeypatch: pytest.MonkeyPatch,
                                                               caplog: pytest.LogCaptureFixture) -> None:
    def fail(*given: object, **named: object) -> None:
        raise OSError("no")
    pair.add(2)
    with monkeypatch.context() as patch:
        patch.setattr(overview_module, "write_deltalake", fail)
        pair.add(1)
    assert "stays behind" in caplog.text
    pair.add(1)
    assert held(pair.historian) == 600
    pair.check()
    pair.historian.compact()
    assert held(pair.historian) == 1_200
    pair.check()


def test_an_overview_newer_than_restored_history_is_thrown_away(pair: Pair, tmp_path: Path) -> None:
    pair.add(2)
    pair.historian.close()
    shutil.copytree(tmp_path, tmp_path.parent / "copy")
    pair.historian = open_historian(tmp_path)
    pair.add(2)
    pair.historian.close()
    shutil.rmtree(tmp_path.parent / "copy" / "overview")
    shutil.copytree(tmp_path / "overview", tmp_path.parent / "copy" / "overview")
    restored = Pair(tmp_path.parent / "copy")
    for number in range(2):
        restored.reference.append(batch(number))
    restored.check()
    restored.number = 7
    restored.add(3)
    restored.check()


def test_merging_makes_one_small_file_and_one_piece_a_stretch(pair: Pair, tmp_path: Path) -> None:
    pair.add(12)
    pair.historian.compact()
    pair.check()
    (folder,) = (tmp_path / "overview").iterdir()
    assert len(list(folder.glob("*.parquet"))) == 1
    rows = QueryBuilder().register("o", DeltaTable(str(folder))).execute(
        "SELECT count(*) AS rows, count(DISTINCT (seconds, tag, time)) AS stretches, sum(count) AS samples FROM o "
        "WHERE seconds = 60").read_all()
    assert rows.column("rows").to_pylist() == rows.column("stretches").to_pylist()
    assert rows.column("samples").to_pylist() == [3_600]


def test_a_merge_elsewhere_does_not_disturb_a_reader(pair: Pair, tmp_path: Path,
                                                     monkeypatch: pytest.MonkeyPatch) -> None:
    pair.add(4)
    pair.check()
    with open_historian(tmp_path) as other:
        other.compact()
    no_samples(monkeypatch)
    same_columns(pair.historian, pair.reference, 0, DAY, 300)


def test_a_sample_late_by_days_joins_its_column(pair: Pair) -> None:
    pair.add(3)
    for one in (pair.historian, pair.reference):
        one.append(Samples.of([Sample("a", 100 * SECOND, 1e6), Sample("a", 100 * SECOND, -1e6)]))
    pair.historian.flush()
    pair.check()
    pair.historian.compact()
    pair.check()
