"""Files of history hold exactly what is stored."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import duckdb
import numpy as np
import pytest

from lineshaft.app.console.trends import export as export_module
from lineshaft.app.console.trends.export import Export, Layout, csv_lines, write_parquet
from lineshaft.core.errors import UsageError
from lineshaft.core.quality import BAD_NO_COMMUNICATION
from lineshaft.core.sample import Sample, Samples
from lineshaft.historian.memory import MemoryHistorian

NOON = 1_700_000_000_123_456_789
END = NOON + 10**12


@pytest.fixture
def historian() -> MemoryHistorian:
    found = MemoryHistorian()
    found.append(Samples.of([
        Sample("泵/flow", NOON, 1.1), Sample("b", NOON, 2.5, BAD_NO_COMMUNICATION), Sample("泵/flow", NOON + 1, 0.1),
        Sample("b", NOON + 2, np.nan, text='=HYPERLINK("x"), "quoted"'), Sample("b", END, 9.0)]))
    return found


def table(historian: MemoryHistorian, layout: Layout) -> list[list[str]]:
    content = b"".join(csv_lines(Export.of(historian, ["泵/flow", "b"], NOON, END, layout)))
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))


def test_long_csv_has_a_row_a_sample(historian: MemoryHistorian) -> None:
    assert table(historian, "long") == [
        ["time", "tag", "value", "quality", "text"],
        ["2023-11-14T22:13:20.123456789Z", "泵/flow", "1.1", "Good", ""],
        ["2023-11-14T22:13:20.123456789Z", "b", "2.5", "BadNoCommunication", ""],
        ["2023-11-14T22:13:20.123456790Z", "泵/flow", "0.1", "Good", ""],
        ["2023-11-14T22:13:20.123456791Z", "b", "", "Good", "'=HYPERLINK(\"x\"), \"quoted\""]]


def test_wide_csv_has_a_row_a_moment_and_two_columns_a_tag(historian: MemoryHistorian) -> None:
    assert table(historian, "wide") == [
        ["time", "泵/flow", "泵/flow quality", "b", "b quality"],
        ["2023-11-14T22:13:20.123456789Z", "1.1", "Good", "2.5", "BadNoCommunication"],
        ["2023-11-14T22:13:20.123456790Z", "0.1", "Good", "", ""],
        ["2023-11-14T22:13:20.123456791Z", "", "", "'=HYPERLINK(\"x\"), \"quoted\"", "Good"]]


@pytest.mark.parametrize("layout", ["long", "wide"])
def test_parquet_keeps_nanoseconds_codes_and_numbers(historian: MemoryHistorian, tmp_path: Path,
                                                     layout: Layout) -> None:
    path = tmp_path / "it's.parquet"
    write_parquet(Export.of(historian, ["泵/flow", "b"], NOON, END, layout), path)
    wanted = "value, quality, text" if layout == "long" else '"泵/flow", "泵/flow quality", "b", "b quality"'
    rows = duckdb.execute(f"SELECT epoch_ns(time) - {NOON}, {wanted} FROM read_parquet(?) ORDER BY 1, 2",
                          [str(path)]).fetchall()
    shown = [tuple(None if one != one else one for one in row) for row in rows]
    bad, text = BAD_NO_COMMUNICATION, '=HYPERLINK("x"), "quoted"'
    assert shown == ([(0, 1.1, 0, None), (0, 2.5, bad, None), (1, 0.1, 0, None), (2, None, 0, text)]
                     if layout == "long" else
                     [(0, 1.1, 0, 2.5, bad), (1, 0.1, 0, None, None), (2, None, None, None, 0)])


@pytest.mark.parametrize("layout", ["long", "wide"])
def test_a_long_range_is_written_in_pieces_and_loses_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
                                                             layout: Layout) -> None:
    monkeypatch.setattr(export_module, "_PIECE", 100)
    historian = MemoryHistorian()
    for at in range(1000):
        historian.append(Samples.row(["a", "b"], at * 10**9, np.array([float(at), -float(at)])))
    what = Export.of(historian, ["a", "b"], 10 * 10**9, 900 * 10**9, layout)
    assert len(what.slices) > 10
    lines = b"".join(csv_lines(what)).decode("utf-8-sig").splitlines()[1:]
    assert len(lines) == 890 * (2 if layout == "long" else 1)
    assert lines == sorted(lines)
    write_parquet(what, tmp_path / "a.parquet")
    assert duckdb.execute("SELECT count(*) FROM read_parquet(?)", [str(tmp_path / "a.parquet")]).fetchall() == [
        (len(lines),)]


def test_an_empty_range_has_its_columns(tmp_path: Path, historian: MemoryHistorian) -> None:
    what = Export.of(historian, ["b"], 5, 6, "wide")
    assert b"".join(csv_lines(what)).decode("utf-8-sig").splitlines() == ["time,b,b quality"]
    write_parquet(what, tmp_path / "a.parquet")
    assert duckdb.execute("SELECT count(*) FROM read_parquet(?)", [str(tmp_path / "a.parquet")]).fetchall() == [(0,)]


def test_too_many_samples_are_refused_with_their_number(historian: MemoryHistorian,
                                                        monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export_module, "MOST_ROWS", 3)
    with pytest.raises(UsageError, match=r"about \d samples are too many"):
        Export.of(historian, ["泵/flow", "b"], NOON, END, "long")


def test_what_arrives_while_a_file_is_written_stays_outside(historian: MemoryHistorian) -> None:
    lines = csv_lines(Export.of(historian, ["b"], NOON, END, "long"))
    next(lines)
    historian.append(Samples.of([Sample("b", NOON + 5, 1.0)]))
    assert b"".join(lines).count(b"\n") == 3
