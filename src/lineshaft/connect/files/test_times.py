"""Times in every form that plants write, as UTC nanoseconds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lineshaft.connect.files import ReadOptions, Table, read_files
from lineshaft.connect.files.timestamps import NO_TIME, parse
from lineshaft.core.errors import UsageError


def read(folder: Path, text: str, **options: object) -> Table:
    path = folder / "export.csv"
    path.write_text(text, encoding="utf-8")
    return read_files(path, ReadOptions(**options))  # type: ignore[arg-type] # options by name, checked at run time


def iso(times: np.ndarray[tuple[int], np.dtype[np.int64]]) -> list[str]:
    return [str(moment) for moment in times.astype("M8[ns]").astype("M8[ms]")]


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2024-03-01T12:30:15.250Z", "2024-03-01T12:30:15.250"),
        ("2024-03-01T12:30:15+05:30", "2024-03-01T07:00:15.000"),
        ("2024-03-01 12:30:15 -0800", "2024-03-01T20:30:15.000"),
        ("2024-03-01 12:30:15 CET", "2024-03-01T11:30:15.000"),
        ("01.03.2024 12:30", "2024-03-01T12:30:00.000"),
        ("13/3/24 1:05 PM", "2024-03-13T13:05:00.000"),
        ("01-MAR-24 12:30:15.5", "2024-03-01T12:30:15.500"),
        ("1. März 2024 12:30", "2024-03-01T12:30:00.000"),
        ("Fri, 1 Mar 2024 12:30:15", "2024-03-01T12:30:15.000"),
        ("March 1, 2024 12:30:15 AM", "2024-03-01T00:30:15.000"),
        ("10/Oct/2024:13:55:36 +0200", "2024-10-10T11:55:36.000"),
        ("20240301 123015", "2024-03-01T12:30:15.000"),
        ("20240301T123015.25Z", "2024-03-01T12:30:15.250"),
        ("2024-03-01 24:00:00", "2024-03-02T00:00:00.000"),
    ],
)
def test_a_written_time_is_the_moment_it_means(written: str, moment: str) -> None:
    assert iso(parse([written]).day_first) == [moment]


@pytest.mark.parametrize(
    "wrong",
    [
        "2024-02-30",
        "2024-13-01",
        "12:61",
        "31.04.2024",
        "0000-00-00",
        "abc",
        "",
        "9999-12-31 00:00",
        "2024-03-01 25:00",
        "1.2.3.4",
        "2024-03-01 12:30 XYZ",
    ],
)
def test_what_is_no_time_is_not_taken_for_one(wrong: str) -> None:
    assert parse([wrong]).day_first[0] == NO_TIME


def test_a_column_that_mixes_formats_is_read_cell_by_cell(tmp_path: Path) -> None:
    cells = [
        "2024-01-01 00:00:00",
        "01.01.2024 00:01",
        "2024-01-01T00:02:00Z",
        "Jan 1 2024 00:03",
        "2024/1/1 00:04",
        "20240101000500",
    ]
    table = read(tmp_path, "time,v\n" + "".join(f"{cell},{i}\n" for i, cell in enumerate(cells)))
    assert np.diff(table.runs[0].times).tolist() == [60 * 10**9] * 5


@pytest.mark.parametrize(
    ("header", "cells", "step"),
    [
        ("ts", [f"{1_700_000_000_000 + 500 * i}" for i in range(9)], 500_000_000),
        ("time", [f"{1_700_000_000 + i / 10:.1f}" for i in range(9)], 100_000_000),
        ("timestamp", [f"{1_700_000_000_123_456_789 + i}" for i in range(9)], 1),
        ("Time (s)", [f"{i / 100:.2f}" for i in range(9)], 10_000_000),
        ("elapsed [ms]", [f"{i * 5}" for i in range(9)], 5_000_000),
        ("Date", [f"{45_000 + i / 24:.6f}" for i in range(9)], 3_600 * 10**9),
    ],
)
def test_times_that_are_numbers(tmp_path: Path, header: str, cells: list[str], step: int) -> None:
    table = read(tmp_path, f"{header};v\n" + "".join(f"{cell};{i}.5\n" for i, cell in enumerate(cells)))
    assert table.period_ns == pytest.approx(step, rel=1e-4)
    assert [tag.path for tag in table.tags] == ["v"]


def test_epoch_nanoseconds_keep_every_digit(tmp_path: Path) -> None:
    table = read(tmp_path, "timestamp,v\n1700000000123456789,1\n1700000000123456790,2\n")
    assert table.runs[0].times.tolist() == [1_700_000_000_123_456_789, 1_700_000_000_123_456_790]


def test_date_and_time_apart_are_put_together(tmp_path: Path) -> None:
    table = read(tmp_path, "Datum;Uhrzeit;P\n" + "".join(f"{1 + i}.3.24;7:{i:02};{i},1\n" for i in range(20)))
    assert iso(table.runs[0].times[[0, 19]]) == ["2024-03-01T07:00:00.000", "2024-03-20T07:19:00.000"]


def test_naive_times_are_utc_and_that_is_said(tmp_path: Path) -> None:
    table = read(tmp_path, "time,v\n2024-07-01 12:00,1\n2024-07-01 12:01,2\n")
    assert iso(table.runs[0].times)[0] == "2024-07-01T12:00:00.000"
    assert any("taken as UTC" in line for line in table.findings)


def test_a_zone_turns_local_times_into_utc(tmp_path: Path) -> None:
    text = "time,v\n2024-01-01 12:00,1\n2024-07-01 12:00,2\n"
    table = read(tmp_path, text, timezone="Europe/Berlin")
    assert iso(table.runs[0].times) == ["2024-01-01T11:00:00.000", "2024-07-01T10:00:00.000"]
    assert iso(read(tmp_path, text, timezone="-05:30").runs[0].times)[0] == "2024-01-01T17:30:00.000"


def test_the_hour_that_autumn_repeats_is_told_apart_by_the_clock_stepping_back(tmp_path: Path) -> None:
    clock = ["01:00", "01:30", "02:00", "02:30", "02:00", "02:30", "03:00"]
    table = read(
        tmp_path,
        "time,v\n" + "".join(f"2024-10-27 {c},{i}\n" for i, c in enumerate(clock)),
        timezone="Europe/Berlin",
    )
    assert np.diff(table.runs[0].times).tolist() == [1_800 * 10**9] * 6
    assert any("daylight saving repeats" in line for line in table.findings)


def test_the_hour_that_spring_leaves_out_is_said(tmp_path: Path) -> None:
    table = read(
        tmp_path,
        "time,v\n2024-03-31 01:30,1\n2024-03-31 02:30,2\n2024-03-31 03:30,3\n",
        timezone="Europe/Berlin",
    )
    assert any("leaves out: 1" in line for line in table.findings)


@pytest.mark.parametrize(
    ("cells", "first", "why"),
    [
        ([f"{1 + i:02}/03/2024" for i in range(20)], "2024-03-01", "allow nothing else"),
        ([f"03/{1 + i:02}/2024" for i in range(20)], "2024-03-01", "allow nothing else"),
        ([f"03/{1 + i:02}/2024" for i in range(10)], "2024-03-01", "run on evenly"),
        (["03/04/2024 10:00", "03/04/2024 10:01"], "2024-04-03", "nothing in the file decides it"),
    ],
)
def test_day_and_month_are_decided_by_the_column_and_said(
    tmp_path: Path, cells: list[str], first: str, why: str
) -> None:
    table = read(tmp_path, "when,v\n" + "".join(f"{cell},{i}.5\n" for i, cell in enumerate(cells)))
    assert iso(table.runs[0].times)[0].startswith(first)
    assert any(why in line for line in table.findings)


def test_the_order_of_day_and_month_can_be_given(tmp_path: Path) -> None:
    table = read(tmp_path, "when,v\n03/04/2024 10:00,1\n03/04/2024 10:01,2\n", day_first=False)
    assert iso(table.runs[0].times)[0].startswith("2024-03-04")


def test_rows_out_of_order_are_sorted_and_equal_rows_dropped(tmp_path: Path) -> None:
    table = read(
        tmp_path,
        "time,v\n2024-01-01 00:02,3\n2024-01-01 00:00,1\n2024-01-01 00:01,2\n2024-01-01 00:01,2\n"
        "2024-01-01 00:01,9\n",
    )
    assert table.runs[0].values[:, 0].tolist() == [1, 2, 9, 3]
    assert any("step back" in line for line in table.findings)
    assert any("repeat the row before, left out: 1" in line for line in table.findings)
    assert any("other values: 1" in line for line in table.findings)


def test_a_second_time_that_runs_beside_the_first_is_left_out(tmp_path: Path) -> None:
    rows = "".join(f"2024-01-01T{i:02}:00:00Z,2024-01-01T{i + 1:02}:00:00+0100,{i}.5\n" for i in range(20))
    table = read(tmp_path, f"utc_timestamp,cet_timestamp,load\n{rows}")
    assert [tag.path for tag in table.tags] == ["load"]


def test_two_time_columns_that_disagree_are_for_a_person_to_decide(tmp_path: Path) -> None:
    rows = "".join(f"2024-01-01 00:00:{i:02},2023-0{1 + i % 5}-03 00:00:00,{i}\n" for i in range(30))
    with pytest.raises(UsageError, match=r"disagree, by up to .* time='sent'"):
        read(tmp_path, f"sent,received,a\n{rows}")
    assert len(read(tmp_path, f"sent,received,a\n{rows}", time="sent")) == 30
