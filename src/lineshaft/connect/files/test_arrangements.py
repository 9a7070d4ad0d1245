"""Several files, long tables, assets, Parquet and archives: what belongs together, and what is said of it."""

from __future__ import annotations

import gzip
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

from lineshaft.connect.files import ReadOptions, Table, read_files
from lineshaft.core import quality
from lineshaft.core.errors import UsageError

duckdb = pytest.importorskip("duckdb", reason="Parquet needs the extra 'files'")


def day(number: int, names: str = "a,b", rows: int = 60, factor: float = 1.5) -> str:
    """A day's file: a row a minute, each column its own multiple of the row."""
    width = names.count(",") + 1
    return f"time,{names}\n" + "".join(
        f"2024-01-{number:02}"
        f" {i // 60:02}:{i % 60:02}:00,{','.join(f'{i * factor + k:.2f}' for k in range(width))}\n"
        for i in range(rows)
    )


def read(folder: Path, files: dict[str, str], **options: object) -> Table:
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return read_files(folder, ReadOptions(**options))  # type: ignore[arg-type] # options by name, checked at run time


def said(table: Table, *words: str) -> bool:
    return any(all(word in line for word in words) for line in table.findings)


def test_files_of_the_same_tags_over_time_are_one_history_in_order_of_time(tmp_path: Path) -> None:
    table = read(tmp_path, {"d10.csv": day(3), "d2.csv": day(2), "d1.csv": day(1)})
    (run,) = table.runs
    assert len(run) == 180 and (np.diff(run.times) > 0).all() and said(table, "3 files", "follow each other")


def test_an_edge_that_two_exports_share_is_counted_once(tmp_path: Path) -> None:
    first, second = day(1, rows=60), day(1, rows=120).splitlines(keepends=True)
    table = read(tmp_path, {"a.csv": first, "b.csv": second[0] + "".join(second[60:])})
    assert len(table) == 120 and said(table, "left out: 1")


def test_files_of_the_same_tags_that_overlap_are_runs_with_paths_of_their_own(tmp_path: Path) -> None:
    table = read(tmp_path, {"r1.csv": day(1), "r2.csv": day(1, factor=2.5)})
    assert [run.name for run in table.runs] == ["r1", "r2"] and table.apart
    assert table.to_samples().tags == ("r1/a", "r1/b", "r2/a", "r2/b")


def test_files_of_different_tags_are_joined_on_time(tmp_path: Path) -> None:
    table = read(tmp_path, {"p.csv": day(1, "p"), "q.csv": day(1, "q", rows=30)})
    (run,) = table.runs
    assert [tag.path for tag in table.tags] == ["p", "q"] and run.present is not None
    assert run.present.sum(0).tolist() == [60, 30] and len(table.to_samples()) == 90


def test_files_of_one_column_called_value_are_tags_named_by_their_file(tmp_path: Path) -> None:
    table = read(tmp_path, {"FT1.csv": day(1, "value"), "FT2.csv": day(1, "value", factor=2)})
    assert [tag.path for tag in table.tags] == ["FT1", "FT2"] and len(table.runs) == 1


def test_a_column_that_came_later_has_no_samples_before(tmp_path: Path) -> None:
    table = read(tmp_path, {"1.csv": day(1), "2.csv": day(2, "a,b,c")})
    assert len(table.to_samples()) == 60 * 2 + 60 * 3 and said(table, "not in every file", "'c'")


def test_a_file_that_is_no_table_is_left_out_by_name(tmp_path: Path) -> None:
    (tmp_path / "photo.csv").write_bytes(b"\x89PNG\r\n\x1a\n")
    table = read(tmp_path, {"1.csv": day(1), "notes.txt": "a word\nand another\n"})
    assert len(table) == 60 and said(table, "photo.csv", "PNG") and said(table, "notes.txt", "left out")


def test_years_without_time_follow_each_other_and_other_names_are_runs(tmp_path: Path) -> None:
    plain = "x,y\n" + "".join(f"{i * 1.5},{i * i}\n" for i in range(20))
    table = read(tmp_path, {"gt_2012.csv": plain, "gt_2011.csv": plain})
    assert len(table.runs) == 1 and said(table, "no time column")
    (tmp_path / "gt_2011.csv").rename(tmp_path / "healthy.csv")
    assert len(read_files(tmp_path).runs) == 2
    assert len(read_files(tmp_path, ReadOptions(files="concat")).runs) == 1


@pytest.mark.parametrize("header", ["time,tag,value,quality", "Timestamp,TagName,Value,Status"])
def test_a_long_table_becomes_a_column_a_tag(tmp_path: Path, header: str) -> None:
    rows = "".join(
        f"2024-01-01 00:00:{i:02},{tag},{i + k},{'Bad' if (i, tag) == (5, 'B') else 'Good'}\n"
        for i in range(20)
        for k, tag in enumerate("ABC")
        if (i, tag) != (7, "C")
    )
    table = read(tmp_path, {"long.csv": f"{header}\n{rows}"})
    (run,) = table.runs
    assert [tag.path for tag in table.tags] == ["A", "B", "C"] and run.values[3].tolist() == [3, 4, 5]
    assert run.quality[5].tolist() == [quality.GOOD, quality.BAD, quality.GOOD]
    assert len(table.to_samples()) == 59 and said(table, "long")


def test_a_long_table_without_a_header_is_known_by_what_repeats(tmp_path: Path) -> None:
    rows = "".join(f"2024-01-01 00:00:{i:02};{tag};{i},5\n" for i in range(20) for tag in "XY")
    table = read(tmp_path, {"long.csv": rows})
    assert [tag.path for tag in table.tags] == ["X", "Y"]


def test_assets_below_each_other_are_runs(tmp_path: Path) -> None:
    rows = "".join(
        f"2024-01-01 00:00:{i:02},P{k},{i * 0.37 + k:.2f},{i * k}\n" for i in range(30) for k in range(3)
    )
    table = read(tmp_path, {"fleet.csv": f"time,asset_id,v,w\n{rows}"})
    assert [run.name for run in table.runs] == ["asset_id P0", "asset_id P1", "asset_id P2"]
    assert all(len(run) == 30 for run in table.runs)


def test_a_unit_column_can_be_named(tmp_path: Path) -> None:
    rows = "".join(f"{line},{i * 0.37 + line:.2f}\n" for line in (3, 1) for i in range(10))
    table = read(tmp_path, {"f.csv": f"line,v\n{rows}"}, unit_column="line")
    assert [run.name for run in table.runs] == ["line 3", "line 1"]


def test_parquet_wide_keeps_nulls_flags_and_the_zone(tmp_path: Path) -> None:
    path = tmp_path / "w.parquet"
    duckdb.sql(
        "COPY (SELECT timestamptz '2024-01-01 00:00:00+02' + to_seconds(i) AS ts, i * 1.5 AS \"T (°C)\", i % 7"
        " = 0 AS flag, CASE WHEN i % 9 = 4 THEN NULL ELSE i END AS b, [1] AS other FROM range(1000) t(i)) TO"
        f" '{path}'"
    )
    table = read_files(path)
    (run,) = table.runs
    assert [(tag.path, tag.unit) for tag in table.tags] == [("T", "Cel"), ("flag", ""), ("b", "")]
    assert np.datetime64(int(run.times[0]), "ns") == np.datetime64("2023-12-31T22:00:00")
    assert np.isnan(run.values[4, 2]) and run.quality[4, 2] == quality.BAD_NO_DATA
    assert said(table, "'other'", "neither numbers nor text")


def test_parquet_long_and_gzipped_reads_the_same(tmp_path: Path) -> None:
    path = tmp_path / "l.pq"
    duckdb.sql(
        "COPY (SELECT timestamp '2024-01-01' + to_seconds(i // 3) AS ts, 'T' || (i % 3) AS tag, i * 1.5 AS"
        f" value FROM range(3000) t(i)) TO '{path}'"
    )
    packed = tmp_path / "l.parquet.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    one, two = read_files(path), read_files(packed)
    np.testing.assert_array_equal(one.runs[0].values, two.runs[0].values)
    assert one.runs[0].values.shape == (1000, 3)


def test_archives_are_entered_like_folders(tmp_path: Path) -> None:
    for number in (1, 2):
        (tmp_path / f"d{number}.csv").write_text(day(number))
    with zipfile.ZipFile(tmp_path / "z.zip", "w") as packed, tarfile.open(tmp_path / "t.tar.gz", "w:gz") as tar:
        for name in ("d1.csv", "d2.csv"):
            packed.write(tmp_path / name, f"inside/{name}")
            tar.add(tmp_path / name, name)
    assert len(read_files(tmp_path / "z.zip")) == len(read_files(tmp_path / "t.tar.gz")) == 120
    assert (
        len(read_files(tmp_path / "t.tar.gz" / "d1.csv"))
        == len(read_files(tmp_path / "z.zip/inside/d2.csv"))
        == 60
    )
    with pytest.raises(UsageError, match="no table that matches"):
        read_files(tmp_path / "z.zip" / "d9.csv")


def test_a_glob_and_a_list_name_files_and_a_bracket_in_a_name_is_no_pattern(tmp_path: Path) -> None:
    for name in ("x1.csv", "x2.csv", "plant[1].csv"):
        (tmp_path / name).write_text(day(3 if "[" in name else int(name[1])))
    assert len(read_files(str(tmp_path / "x*.csv"))) == 120
    assert len(read_files([tmp_path / "x1.csv", tmp_path / "x1.csv"])) == 60
    assert len(read_files(tmp_path / "plant[1].csv")) == 60


def test_only_the_tags_that_are_asked_for_under_the_path_that_is_given(tmp_path: Path) -> None:
    table = read(tmp_path, {"a.csv": day(1)}, tags=("b",), prefix="works/cell")
    assert [tag.path for tag in table.tags] == ["works/cell/b"]
    with pytest.raises(UsageError, match="'zz'; use some of a, b"):
        read_files(tmp_path, ReadOptions(tags=("zz",)))


def test_each_row_as_a_cycle_when_its_length_is_given(tmp_path: Path) -> None:
    text = "".join(
        "\t".join(f"{cycle + 0.1 * moment:.1f}" for moment in range(10)) + "\n" for cycle in range(6)
    )
    table = read(tmp_path, {"TS1.txt": text}, cycle_ns=10**9)
    assert table.period_ns == 10**8 and table.runs[0].values[:3, 0].tolist() == [0.0, 0.1, 0.2]
