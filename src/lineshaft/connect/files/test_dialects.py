"""A table written in any dialect reads back as it was."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lineshaft.connect.files import Table, read_files
from lineshaft.core import quality

TIMES = (
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%dT%H:%M:%SZ",
    "%d.%m.%Y %H:%M:%S",
    "%Y/%m/%d %H:%M:%S",
    "%d-%b-%Y %H:%M:%S",
    "%m/%d/%Y %I:%M:%S %p",
    "%d %m %Y %H:%M:%S",
    "%Y%m%d%H%M%S",
    "%Y-%m-%d %H:%M:%S.%f",
    "%Y-%m-%d %H:%M:%S+00:00",
    "%b %d %Y %H:%M:%S",
    "%d/%m/%y %H:%M:%S",
    "%Y年%m月%d日 %H时%M分%S秒",
)
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "gb18030")
UNITS = (("", ""), (" [°C]", "Cel"), (" (m/s)", "m/s"), (" [kPa]", "kPa"), (" (%)", "%"))
WORDS = {
    "": quality.BAD_NO_DATA,
    "Bad": quality.BAD,
    "No Data": quality.BAD_NO_DATA,
    "#N/A": quality.BAD_NO_DATA,
    "I/O Timeout": quality.BAD_NO_COMMUNICATION,
    "---": quality.BAD_NO_DATA,
}


@dataclass(frozen=True)
class Written:
    """A table and the dialect to write it in."""

    values: list[list[float]]
    holes: dict[tuple[int, int], str]
    start: datetime
    step: int
    form: str
    delimiter: str
    comma: bool
    encoding: str
    end: str
    units: list[int]
    quoted: bool

    def text(self) -> str:
        names = [f"tag_{place}{UNITS[unit][0]}" for place, unit in enumerate(self.units)]
        rows = [["Timestamp", *names]]
        for row, values in enumerate(self.values):
            moment = self.start + timedelta(seconds=row * self.step)
            rows.append(
                [
                    moment.strftime(self.form),
                    *(self._cell(row, place, value) for place, value in enumerate(values)),
                ]
            )
        quote = '"' if self.quoted else ""
        return "".join(self.delimiter.join(f"{quote}{cell}{quote}" for cell in row) + self.end for row in rows)

    def _cell(self, row: int, place: int, value: float) -> str:
        text = self.holes.get((row, place), f"{value:.4f}")
        return text.replace(".", ",") if self.comma else text


@st.composite
def tables(draw: st.DrawFn) -> Written:
    columns, rows = draw(st.integers(1, 4)), draw(st.integers(14, 40))
    number = st.integers(-9_999_999, 9_999_999).map(lambda n: n / 10_000)
    values = draw(st.lists(st.lists(number, min_size=columns, max_size=columns), min_size=rows, max_size=rows))
    places = st.tuples(st.integers(2, rows - 1), st.integers(0, columns - 1))
    holes = draw(st.dictionaries(places, st.sampled_from(sorted(WORDS)), max_size=3))
    delimiter = draw(st.sampled_from([",", ";", "\t", "|"]))
    return Written(
        values,
        holes,
        draw(st.datetimes(datetime(2001, 1, 1), datetime(2035, 1, 1))).replace(microsecond=0),
        draw(st.sampled_from([1, 60, 3_600, 86_400])),
        draw(st.sampled_from(TIMES)),
        delimiter,
        draw(st.booleans()) and delimiter != ",",
        draw(st.sampled_from(ENCODINGS)),
        draw(st.sampled_from(["\n", "\r\n"])),
        draw(st.lists(st.integers(0, len(UNITS) - 1), min_size=columns, max_size=columns)),
        draw(st.booleans()),
    )


def read(content: bytes, name: str = "export.csv") -> Table:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        return read_files(path)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(tables())
def test_a_table_in_any_dialect_reads_back_equal(written: Written) -> None:
    (run,) = (table := read(written.text().encode(written.encoding))).runs
    expected = np.array(
        [
            [np.nan if (row, place) in written.holes else value for place, value in enumerate(values)]
            for row, values in enumerate(written.values)
        ]
    )
    np.testing.assert_array_equal(run.values, expected)
    first = round(written.start.replace(tzinfo=UTC).timestamp()) * 10**9
    assert _same_unless_ambiguous(run.times, first, written)
    assert [tag.unit for tag in table.tags] == [UNITS[unit][1] for unit in written.units]
    for (row, place), word in written.holes.items():
        assert run.quality[row, place] == WORDS[word]
        assert not word or run.texts[place][row] == word


def _same_unless_ambiguous(
    times: np.ndarray[tuple[int], np.dtype[np.int64]], first: int, written: Written
) -> bool:
    """03/04/2024 alone can't be told; every other form must give the very times."""
    moments = [written.start + timedelta(seconds=row * written.step) for row in range(len(written.values))]
    open_form = written.form.startswith(("%m/%d", "%d/%m", "%d %m"))
    if open_form and all(moment.day <= 12 for moment in moments):
        return True
    return bool((times == first + np.arange(len(times)) * written.step * 10**9).all())


@pytest.mark.parametrize(
    ("cells", "numbers"),
    [
        (["1.234,5", "2.345,5", "10,5"], [1234.5, 2345.5, 10.5]),
        (["1 234,5", "2 345,5", "0,5"], [1234.5, 2345.5, 0.5]),
        (["1'234.5", "2'345.5", "7.5"], [1234.5, 2345.5, 7.5]),
        (["0,125", "0,250", "20,125"], [0.125, 0.25, 20.125]),
        (["1e-3", "2E+2", "-3."], [0.001, 200.0, -3.0]),
        (["12.5 °C", "13 °C", "-1 °C"], [12.5, 13.0, -1.0]),
    ],
)
def test_numbers_are_read_as_their_column_writes_them(cells: list[str], numbers: list[float]) -> None:
    rows = "".join(f"2024-01-01 00:00:0{i};{cell}\n" for i, cell in enumerate(cells))
    assert read(f"time;a\n{rows}".encode()).runs[0].values[:, 0].tolist() == numbers


def test_the_whole_table_decides_day_and_month_even_where_it_is_late() -> None:
    days = [1] * 2_000 + [25]
    rows = "".join(
        f"03/{day:02}/2024 {i // 3600:02}:{i // 60 % 60:02}:{i % 60:02},{i}.5\n" for i, day in enumerate(days)
    )
    table = read(f"time,a\n{rows}".encode())
    assert np.datetime64(int(table.runs[0].times[0]), "ns") == np.datetime64("2024-03-01T00:00:00")
    assert any("month/day" in line for line in table.findings)


def test_a_byte_of_another_encoding_far_down_does_not_stop_the_reading() -> None:
    rows = "".join(f"2024-01-01 {i // 3600:02}:{i // 60 % 60:02}:{i % 60:02},{i}.5,ok\n" for i in range(20_000))
    table = read(f"time,a,note\n{rows}2024-01-01 23:00:00,1,Störung\n".encode("cp1252"))
    assert len(table) == 20_001 and any("Störung" in line for line in table.findings)


def test_a_header_of_several_rows_gives_names_units_and_descriptions() -> None:
    rows = "".join(f"2024-01-01 00:00:{i:02};{i}.5;{i}\n" for i in range(20))
    table = read(
        f"Exported by X;;\nServer 1\n\nTag;FT1;PT2\n;Feed flow;Pressure\nUnit;m³/h;bar\n{rows}".encode()
    )
    assert [(tag.path, tag.unit, tag.description) for tag in table.tags] == [
        ("FT1", "m3/h", "Feed flow"),
        ("PT2", "bar", "Pressure"),
    ]


def test_a_quality_column_goes_to_its_tag_with_the_word_that_says_more() -> None:
    rows = "".join(
        f"2024-01-01 00:00:{i:02},{'I/O Timeout' if i == 3 else i},{'Bad' if i in (3, 5) else 'Good'}\n"
        for i in range(10)
    )
    run = read(f"time,FT1,FT1_Quality\n{rows}".encode()).runs[0]
    assert run.values.shape == (10, 1)
    assert run.quality[[2, 3, 5], 0].tolist() == [quality.GOOD, quality.BAD_NO_COMMUNICATION, quality.BAD]
    assert run.values[5, 0] == 5.0


def test_opc_da_quality_bytes_become_status_codes() -> None:
    rows = "".join(f"2024-01-01 00:00:{i:02},{i},{q}\n" for i, q in enumerate([192, 192, 64, 0, 24]))
    run = read(f"time,FT1,FT1.Quality\n{rows}".encode()).runs[0]
    assert run.quality[:, 0].tolist() == [
        quality.GOOD,
        quality.GOOD,
        quality.UNCERTAIN,
        quality.BAD,
        quality.BAD,
    ]


def test_states_are_numbered_and_named() -> None:
    rows = "".join(
        f"2024-01-01 00:00:{i:02},{['ON', 'OFF'][i % 2]},{['idle', 'fill', 'drain'][i % 3]}\n"
        for i in range(12)
    )
    table = read(f"time,pump,mode\n{rows}".encode())
    assert [(tag.kind, tag.description) for tag in table.tags] == [
        ("bool", "0 = OFF, 1 = ON"),
        ("state", "0 = drain, 1 = fill, 2 = idle"),
    ]
    assert table.runs[0].values[:3].tolist() == [[1.0, 2.0], [0.0, 1.0], [1.0, 0.0]]


def test_labels_are_kept_from_the_inputs_but_a_measured_fault_current_is_none() -> None:
    rows = "".join(
        f"2024-01-01 00:00:{i:02},{i * 1.37:.2f},{'Normal' if i < 30 else 'Attack'}\n" for i in range(60)
    )
    table = read(f"time,Fault current (A),label\n{rows}".encode())
    assert [tag.path for tag in table.tags] == ["Fault current"] and table.labels == ("label",)
    assert table.runs[0].marks("label").tolist() == [0] * 30 + [1] * 30


def test_a_slower_tag_is_not_missing_between_its_values() -> None:
    rows = "".join(
        f"2024-01-01 00:{i // 60:02}:{i % 60:02},{i}.5,{i if i % 10 == 0 else ''}\n" for i in range(100)
    )
    table = read(f"time,fast,slow\n{rows}".encode())
    assert [tag.period_ns for tag in table.tags] == [10**9, 10**10]
    assert len(table.to_samples()) == 110


def test_a_decimal_comma_that_comes_late_is_no_thousands_mark() -> None:
    cells = ["0"] * 500 + ["1,250", "2,5"]
    rows = "".join(f"2024-01-01 00:{i // 60:02}:{i % 60:02};{cell}\n" for i, cell in enumerate(cells))
    assert read(f"time;a\n{rows}".encode()).runs[0].values[-2:, 0].tolist() == [1.25, 2.5]


def test_a_number_with_the_other_mark_is_read_and_said() -> None:
    cells = ["1,5"] * 30 + ["2.5"]
    rows = "".join(f"2024-01-01 00:00:{i:02};{cell}\n" for i, cell in enumerate(cells))
    table = read(f"time;a\n{rows}".encode())
    assert table.runs[0].values[-1, 0] == 2.5 and any("both marks" in line for line in table.findings)


def test_operating_hours_and_a_temperature_called_t_are_no_time() -> None:
    rows = "".join(f"2024-01-01 00:00:{i:02},{25_000 + i / 60:.3f},{20 + i / 10}\n" for i in range(30))
    table = read(f"time,Operating time (h),t\n{rows}".encode())
    assert [(tag.path, tag.unit) for tag in table.tags] == [("Operating time", "h"), ("t", "")]


def test_a_state_beside_a_single_value_is_no_tag_name_though_times_repeat() -> None:
    rows = "".join(f"2024-01-01 00:00:{i // 10:02},{'run' if i < 100 else 'stop'},{i}.5\n" for i in range(200))
    table = read(f"time,mode,speed\n{rows}".encode())
    assert [tag.path for tag in table.tags] == ["mode", "speed"]


def test_a_header_that_comes_again_in_the_middle_is_left_out() -> None:
    rows = "".join(f"2024-01-01 00:00:{i:02},{i}.5\n" for i in range(30))
    table = read(f"time,a\n{rows}time,a\n{rows.replace('-01 ', '-02 ')}".encode())
    assert len(table) == 60 and any("readable time, left out: 1" in line for line in table.findings)
