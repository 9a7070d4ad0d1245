"""The public data sets under ``shared/data`` are read without a word from the user."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from lineshaft.connect.files import ReadOptions, Table, read_files
from lineshaft.connect.files.source import find
from lineshaft.core.clock import SECOND

HOUR = 3_600 * SECOND


def shared(name: str) -> Path:
    """A file or folder of the shared data: ``LINESHAFT_DATA``, or ``../shared/data`` beside the repository."""
    above = Path(__file__).resolve().parents
    roots = (
        [Path(os.environ["LINESHAFT_DATA"])]
        if "LINESHAFT_DATA" in os.environ
        else [p / "shared/data" for p in above]
    )
    for root in roots:
        if (root / name).exists() or any(
            (root / parent).is_file() for parent in Path(name).parents if parent.name
        ):
            return root / name
    pytest.skip(f"the data set {name} is not here; set LINESHAFT_DATA to the folder that holds it")


def said(table: Table, *words: str) -> bool:
    """Whether one finding holds all these words."""
    return any(all(word in line for word in words) for line in table.findings)


def test_skab_file_gives_eight_tags_at_one_second_and_its_labels_apart() -> None:
    table = read_files(shared("skab/valve1/0.csv"))
    assert [tag.name for tag in table.tags] == [
        "Accelerometer1RMS",
        "Accelerometer2RMS",
        "Current",
        "Pressure",
        "Temperature",
        "Thermocouple",
        "Voltage",
        "Volume Flow RateRMS",
    ]
    assert table.labels == ("anomaly", "changepoint")
    assert table.period_ns == SECOND
    (run,) = table.runs
    assert run.values.shape == (1147, 8) and not (run.quality != 0).any()
    assert np.datetime64(int(run.times[0]), "ns") == np.datetime64("2020-03-09T10:14:33")
    assert set(run.marks("anomaly").tolist()) == {0, 1}


def test_skab_recordings_that_overlap_in_time_stay_runs() -> None:
    table = read_files(shared("skab/other"))
    assert len(table.runs) == 10 and said(table, "overlap in time", "run")


def test_skab_recordings_that_follow_each_other_become_one_history() -> None:
    table = read_files(shared("skab/valve1"))
    (run,) = table.runs
    assert len(run) == 12_507 and (np.diff(run.times) > 0).all()
    assert said(table, "follow each other")


def test_cmapss_has_no_header_so_units_become_runs_and_the_cycle_their_order() -> None:
    table = read_files(shared("cmapss/train_FD001.txt.gz"))
    assert (len(table.runs), len(table.tags), len(table)) == (100, 24, 20_631)
    assert [len(run) for run in table.runs[:3]] == [192, 287, 179]
    assert table.runs[0].values[0, :3].tolist() == [-0.0007, -0.0004, 100.0]
    assert said(table, "no header") and said(table, "'column 2' counts up") and said(table, "no time column")


def test_hydraulic_rows_are_cycles_at_two_rates_and_the_profile_is_labels() -> None:
    table = read_files(shared("hydraulic"))
    assert {tag.name for tag in table.tags} == {
        "FS1",
        "FS2",
        "TS1",
        "TS2",
        "TS3",
        "TS4",
        "VS1",
        "CE",
        "CP",
        "SE",
    }
    (run,) = table.runs
    assert len(run) == 2_205 * 600 and table.period_ns == SECOND // 10
    periods = {tag.name: tag.period_ns for tag in table.tags}
    assert periods["FS1"] == SECOND // 10 and periods["TS1"] == SECOND
    temperature = [tag.name for tag in table.tags].index("TS1")
    assert run.present is not None and run.present[:, temperature].sum() == 2_205 * 60
    assert run.values[[0, 10], temperature].tolist() == [35.57, 35.492]
    assert table.labels == tuple(f"profile {i}" for i in range(1, 6))
    assert run.labels["profile 1"][0] == 3.0 and not np.isnan(run.labels["profile 1"]).any()
    assert said(table, "description.txt", "left out")


def test_gas_turbine_years_have_no_time_and_follow_by_name() -> None:
    table = read_files(shared("gas_turbine"), ReadOptions(period_ns=HOUR))
    assert len(table) == 36_733 and len(table.runs) == 1 and table.period_ns == HOUR
    assert "AFDP" in [tag.name for tag in table.tags] and not table.timed
    assert said(table, "no time column", "1 h apart", "as given")


def test_wind_turbine_is_gbk_with_the_day_first_and_units_in_its_headers() -> None:
    table = read_files(shared("energy/wind_turbine_scada_T1.csv"))
    assert {tag.name: tag.unit for tag in table.tags} == {
        "ActivePower": "",
        "Wind Speed": "m/s",
        "TheoreticalPower": "",
        "Wind Direction": "deg",
    }
    assert table.period_ns == 600 * SECOND and len(table) == 50_530
    assert np.datetime64(int(table.runs[0].times[-1]), "ns") == np.datetime64("2018-12-31T23:50")
    assert said(table, "GBK") and said(table, "day/month")


def test_opsd_empty_cells_are_bad_and_counted() -> None:
    table = read_files(shared("energy/opsd_germany_daily.csv"))
    assert table.period_ns == 24 * HOUR
    assert said(table, "BadNoData", "'Wind' 1,463", "'Solar' 2,195")
    assert (table.runs[0].quality[0, 1:] >= 0x80000000).all()


def test_tep_inside_its_archive_is_read_and_the_transposed_file_is_turned() -> None:
    whole = shared("tep/tep_braatz_dat.tar.gz/d00*.dat")
    table = read_files(whole)
    assert [(run.name, len(run)) for run in table.runs] == [("d00", 500), ("d00_te", 960)]
    assert len(table.tags) == 52 and said(table, "d00", "lies on its side", "transpose=False")
    normal, test = table.runs
    assert np.allclose(np.median(normal.values, 0), np.median(test.values, 0), rtol=0.2, atol=2.0)


def test_tep_transposing_can_be_switched_off() -> None:
    table = read_files(shared("tep/tep_braatz_dat.tar.gz/d00.dat"), ReadOptions(transpose=False))
    assert len(table.tags) == 500 and len(table) == 52


def test_ai4i_failure_is_a_label_and_the_row_number_no_input() -> None:
    table = read_files(shared("ai4i2020/ai4i2020.csv"))
    assert "Machine.failure" in table.labels
    names = {tag.name for tag in table.tags}
    assert not names & {"UDI", "Product_ID", "Machine.failure"} and {"Type", "Process_temperature"} <= names


def test_nab_times_that_step_back_are_put_in_order_and_all_rows_kept() -> None:
    table = read_files(shared("nab/data/realKnownCause/machine_temperature_system_failure.csv"))
    assert len(table) == 22_695 and (np.diff(table.runs[0].times) >= 0).all()
    assert said(table, "step back once") and said(table, "12", "all are kept")


def test_gearbox_recordings_without_time_stay_runs() -> None:
    table = read_files(shared("gearbox"))
    assert [run.name for run in table.runs][:2] == ["b30hz0", "b30hz30"] and len(table.runs) == 8


@pytest.mark.parametrize("name", ["ett/ETTh1.csv", "steel_plates/faults.csv", "flowmeter/MeterA.txt"])
def test_other_tables_are_read_whole(name: str) -> None:
    table = read_files(shared(name))
    assert len(table) > 50 and len(table.tags) >= 7
    assert find(shared(name))[0].stem in table.runs[0].name
