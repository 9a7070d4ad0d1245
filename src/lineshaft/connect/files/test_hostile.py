"""Files that are no table, or a broken one: one clear sentence, or what could be saved and what was lost."""

from __future__ import annotations

import gzip
import os
import random
from pathlib import Path

import numpy as np
import pytest

from lineshaft.connect.files import ReadOptions, read_files
from lineshaft.core.errors import EnvironmentFailed, LineshaftError, UsageError

SECONDS = [f"2024-01-01 00:{i // 60:02}:{i % 60:02}" for i in range(120)]
GOOD = "time,a,b\n" + "".join(f"{time},{i}.5,{i * i}\n" for i, time in enumerate(SECONDS))
NOISE = random.Random(7).randbytes(5_000)


def rows(*cells: str) -> str:
    return "".join(f"{SECONDS[i]},{cell}\n" for i, cell in enumerate(cells))


REFUSED = {
    "empty": (b"", "empty"),
    "blank lines": (b"\n\n  \n", "empty"),
    "only a header": (b"time,a,b\n", "single line"),
    "a single row": (b"time,a\n2024-01-01 00:00:00,1\n", "single row"),
    "a single number": (b"42\n", "single row"),
    "only text": (b"name,comment\nfoo,bar\nbaz,qux\n", "only text"),
    "prose": (
        b"The plant was shut, and\nthen, as we know, it ran, and ran\n1 of 2, maybe\n" * 9,
        "running text|only text|not have",
    ),
    "a picture": (b"\x89PNG\r\n\x1a\n" + NOISE, "PNG image.*export the table as CSV"),
    "a photograph": (b"\xff\xd8\xff\xe0" + NOISE, "JPEG"),
    "a workbook": (b"PK\x03\x04" + NOISE, "Excel workbook"),
    "an old workbook": (b"\xd0\xcf\x11\xe0" + NOISE, "old Excel"),
    "a document": (b"%PDF-1.7" + NOISE, "PDF"),
    "noise": (b"\x01\x02" + NOISE, "binary file"),
    "zeros": (b"\0" * 5_000, "binary file"),
    "a web page": (b"<!DOCTYPE html><html><table><tr><td>1</td></tr></table></html>", "HTML"),
    "JSON": (b'[{"time": "2024-01-01", "a": 1}]', "JSON"),
    "half a gzip": (gzip.compress(GOOD.encode() * 50)[:1_500], "incomplete"),
    "no gzip behind its mark": (b"\x1f\x8b" + NOISE, "damaged"),
    "half a Parquet": (b"PAR1" + NOISE, "Parquet file can't be read"),
    "only times": (b"time\n2024-01-01\n2024-01-02\n", "no value column"),
    "all bad": (("time,a\n" + rows(*["Bad"] * 30)).encode(), "no column holds measured values"),
    "decimal commas between commas": (
        ("time,a,b\n" + rows(*(f"{i},5,{i},7" for i in range(30)))).encode(),
        "5 cells under 3 names.*semicolons",
    ),
    "a quotation mark that never closes": (
        (
            GOOD + GOOD.partition("\n")[2] * 9 + '2024-01-02 00:00:00,"1,2\n' + GOOD.partition("\n")[2] * 3
        ).encode(),
        "plant.csv:1202.*quotation mark",
    ),
    "a quotation mark in the last column": (
        (
            GOOD + GOOD.partition("\n")[2] * 9 + '2024-01-02 00:00:00,1,"2\n' + GOOD.partition("\n")[2] * 3
        ).encode(),
        "quotation mark",
    ),
    "a line of 300 kB": (b"time," + b"x" * 300_000 + b"\n1,2\n", "longer than 256 kB"),
    "most rows broken": (
        ("time,a,b\n" + rows(*(",".join("1" * (1 + i % 6)) for i in range(60)))).encode(),
        "no column holds|cells",
    ),
}


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_what_is_no_table_is_refused_in_one_sentence_that_names_the_file(tmp_path: Path, name: str) -> None:
    content, why = REFUSED[name]
    path = tmp_path / "plant.csv"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=why) as refusal:
        read_files(path)
    assert "plant.csv" in str(refusal.value) and "\n" not in str(refusal.value) and refusal.value.do


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    for where in (tmp_path / "none.csv", tmp_path / "*.csv", tmp_path):
        with pytest.raises(UsageError, match=r"no such file|no file matches|holds no table"):
            read_files(where)
    with pytest.raises(UsageError, match="no file was given"):
        read_files([])


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_or_device_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(UsageError, match="not a regular file"):
        read_files(tmp_path / "pipe.csv")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the superuser may read everything")
def test_a_file_that_may_not_be_read_is_the_environments_failure(tmp_path: Path) -> None:
    path = tmp_path / "plant.csv"
    path.write_text(GOOD)
    path.chmod(0)
    with pytest.raises(EnvironmentFailed, match="not permitted"):
        read_files(path)


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (ReadOptions(time="nope"), "no column 'nope'; use one of time, a, b"),
        (ReadOptions(timezone="Mars/Base"), "no time zone"),
        (ReadOptions(encoding="klingon"), "no encoding"),
        (ReadOptions(unit_column="zz"), "no column 'zz'"),
        (ReadOptions(labels=("nope",)), "there is no column 'nope'"),
        (ReadOptions(inputs=("nope",)), "use some of .*a, b"),
    ],
)
def test_an_option_that_makes_no_sense_is_named(tmp_path: Path, options: ReadOptions, why: str) -> None:
    (tmp_path / "plant.csv").write_text(GOOD)
    with pytest.raises(UsageError, match=why):
        read_files(tmp_path / "plant.csv", options)


SAVED = {
    "gzip under a plain name": (gzip.compress(GOOD.encode()), 120, ""),
    "plain text under .gz": (GOOD.encode(), 120, ""),
    "carriage returns alone": (GOOD.replace("\n", "\r").encode(), 120, ""),
    "a last line cut off": ((GOOD + "2024-01-0").encode(), 120, "left out: 1"),
    "rows too short and too long": (
        (GOOD + "2024-01-02 00:00:00,1\n2024-01-02 00:00:01,1,2,3,4\n").encode(),
        121,
        "cut short: 1",
    ),
    "a footer": ((GOOD + "End of export\n").encode(), 120, "left out: 1"),
    "an impossible date": ((GOOD + "2024-02-30 00:00:00,1,2\n").encode(), 120, "readable time, left out: 1"),
    "zeros after a crash": (GOOD.encode() + b"\0" * 300, 120, "left out: 1"),
    "names twice": (GOOD.replace("a,b", "a,a").encode(), 120, "'a' stands over several"),
    "names missing": (GOOD.replace("a,b", "a,").encode(), 120, ""),
    "an inch mark in a name": (GOOD.replace("a,b", '2" pipe,b').encode(), 120, ""),
    "a delimiter at every end": (GOOD.replace("\n", ",\n").encode(), 120, ""),
    "sep= for Excel": (("sep=,\n" + GOOD).encode(), 120, ""),
    "infinity and overflow": ((GOOD + "2024-01-01 00:03:00,inf,1e400\n").encode(), 121, "'inf' 1"),
    "a comment over two lines": (
        GOOD.replace("\n", ",x\n").replace("1.5,1,x", '1.5,1,"one\ntwo"').encode(),
        120,
        "",
    ),
    "numbers with underscores": ((GOOD + "2024-01-01 00:03:00,1_000,2\n").encode(), 121, "'1_000' 1"),
}


@pytest.mark.parametrize("name", sorted(SAVED))
def test_a_broken_table_gives_what_it_holds_and_says_what_is_lost(tmp_path: Path, name: str) -> None:
    content, count, word = SAVED[name]
    path = tmp_path / ("plant.csv.gz" if name.endswith(".gz") else "plant.csv")
    path.write_bytes(content)
    table = read_files(path)
    assert len(table) == count
    assert table.runs[0].values[:3, 0].tolist() == [0.5, 1.5, 2.5]
    assert not word or any(word in line for line in table.findings)


def test_random_damage_never_ends_in_a_traceback(tmp_path: Path) -> None:
    dice = random.Random(3)
    path = tmp_path / "plant.csv"
    for _ in range(150):
        content = bytearray(GOOD.encode())
        for _ in range(dice.randrange(1, 30)):
            content[dice.randrange(len(content))] = dice.choice(b',;"\n\t .-0\xff\xe4\x00aT')
        path.write_bytes(bytes(content[: dice.randrange(1, len(content) + 1)]))
        try:
            table = read_files(path)
        except LineshaftError as refusal:
            assert "\n" not in str(refusal)
        else:
            assert all(run.values.shape == (len(run.times), len(table.tags)) for run in table.runs)
            assert all((np.diff(run.times) >= 0).all() for run in table.runs)
            assert all((run.quality[np.isnan(run.values)] >= 0x80000000).all() for run in table.runs)
