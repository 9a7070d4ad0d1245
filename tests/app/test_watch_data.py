"""The real files under ``shared/data`` go the whole way, without a word from the user; the large ones in part."""

from __future__ import annotations

import gzip
import json
import tarfile
from itertools import islice
from pathlib import Path
from typing import Any

import duckdb
import pytest

from lineshaft.app.cli import main


def watched(capsys: pytest.CaptureFixture[str], out: Path, *words: str | Path) -> dict[str, Any]:
    """The JSON answer; the report and a decision a row are there."""
    assert main(["watch", *map(str, words), "--out", str(out), "-o", "json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    (rows,) = duckdb.connect().execute(f"SELECT count(*) FROM '{out}/decisions.parquet'").fetchone() or (0,)
    assert rows == found["rows"] and (out / "report.html").stat().st_size > 20_000
    assert found["certificate"]["parity"] <= 1e-4 and found["certificate"]["flips"] == 0
    return found


def beginning(source: Path, target: Path, lines: int) -> Path:
    """The first lines of a file, packed or not, as bytes."""
    with (gzip.open(source) if source.suffix == ".gz" else source.open("rb")) as file:
        target.write_bytes(b"".join(islice(file, lines)))
    return target


def test_skab_file_is_watched_and_compared_with_its_labels(shared_data: Path, tmp_path: Path,
                                                           capsys: pytest.CaptureFixture[str]) -> None:
    found = watched(capsys, tmp_path / "out", shared_data / "skab" / "valve1" / "0.csv")
    assert found["labels"]["column"] == "anomaly" and found["labels"]["rows"] > 600
    assert " min watched" in found["headline"] and len(found["tags"]) == 8


def test_skab_experiments_that_overlap_keep_their_names(shared_data: Path, tmp_path: Path,
                                                        capsys: pytest.CaptureFixture[str]) -> None:
    found = watched(capsys, tmp_path / "out", shared_data / "skab" / "other")
    names = {path.stem for path in (shared_data / "skab" / "other").glob("*.csv")}
    assert found["alarms"] and {alarm["where"].rpartition(" of ")[2] for alarm in found["alarms"]} <= names


def test_cmapss_speaks_of_rows_and_units(shared_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    export = beginning(shared_data / "cmapss" / "train_FD001.txt.gz", tmp_path / "engines.txt", 4000)
    found = watched(capsys, tmp_path / "out", export)
    assert "rows watched" in found["headline"]
    assert all(" of unit " in alarm["where"] and alarm["where"].startswith("row ") for alarm in found["alarms"])


def test_cmapss_under_six_operating_conditions_can_be_certified(shared_data: Path, tmp_path: Path,
                                                                capsys: pytest.CaptureFixture[str]) -> None:
    export = beginning(shared_data / "cmapss" / "train_FD002.txt.gz", tmp_path / "engines.txt", 4000)
    watched(capsys, tmp_path / "out", export, "--learner", "cva")


def test_hydraulic_cycles_at_two_rates_are_watched_without_masking(shared_data: Path, tmp_path: Path,
                                                                   capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "rig"
    folder.mkdir()
    for name in ("FS1", "TS1", "CE", "VS1"):
        beginning(shared_data / "hydraulic" / f"{name}.txt.gz", folder / f"{name}.txt", 40)
    beginning(shared_data / "hydraulic" / "profile.txt", folder / "profile.txt", 40)
    found = watched(capsys, tmp_path / "out", folder)
    assert found["period_ns"] == 10**9 and sorted(found["tags"]) == ["CE", "FS1", "TS1", "VS1"]
    rows = duckdb.connect().execute(f"SELECT max(masked) FROM '{tmp_path}/out/decisions.parquet'").fetchone()
    assert rows == (0,)


def test_gas_turbine_is_watched(shared_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = watched(capsys, tmp_path / "out", shared_data / "gas_turbine" / "gt_2011.csv")
    assert len(found["tags"]) == 11 and "rows watched" in found["headline"]


def test_wind_turbine_with_gaps_is_watched(shared_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
                                           ) -> None:
    export = beginning(shared_data / "energy" / "wind_turbine_scada_T1.csv", tmp_path / "wind.csv", 6000)
    found = watched(capsys, tmp_path / "out", export)
    assert found["period_ns"] == 600 * 10**9 and any("GBK" in line for line in found["findings"])


def test_daily_load_of_a_country_is_watched_and_half_empty_columns_are_left_out(
        shared_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = watched(capsys, tmp_path / "out", shared_data / "energy" / "opsd_germany_daily.csv")
    assert found["left_out"] == {"Solar": "mostly-missing", "Wind+Solar": "mostly-missing"}
    assert " d watched" in found["headline"] and found["rows"] == 4383


def test_tennessee_eastman_runs_are_watched_out_of_their_archive(shared_data: Path, tmp_path: Path,
                                                                 capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "tep"
    folder.mkdir()
    with tarfile.open(shared_data / "tep" / "tep_braatz_dat.tar.gz") as archive:
        for member in archive.getmembers():
            if Path(member.name).name in {"d00_te.dat", "d06_te.dat"}:
                member.name = Path(member.name).name
                archive.extract(member, folder, filter="data")
    found = watched(capsys, tmp_path / "out", folder, "--normal", "160 rows")
    assert {alarm["where"].rpartition(" of ")[2] for alarm in found["alarms"]} == {"d06_te"}
