"""``lineshaft watch``: what comes out, for whom, and what it never does."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest

from lineshaft.app import edge
from lineshaft.app.cli import main
from lineshaft.bundle.open import open_bundle
from lineshaft.core.errors import Refused

NORMAL = ["--normal", "400 rows"]
ROWS, FAULT = 900, 700


def cooling(rows: int = ROWS, fault: int | None = FAULT, seed: int = 3) -> pd.DataFrame:
    """Speed, flow, pressure and temperature of a pump, one row a second; from ``fault`` on the flow breaks down."""
    random, t = np.random.default_rng(seed), np.arange(rows)
    noise = random.normal(0.0, 1.0, (4, rows))
    speed = 1450 + 40 * np.sin(t / 20) + 2 * noise[0]
    flow = 0.02 * speed * (1 - 0.3 * (t >= (rows if fault is None else fault))) + 0.1 * noise[1]
    return pd.DataFrame({"speed": speed, "flow": flow, "pressure": 2e-6 * speed**2 + 0.02 * noise[2],
                         "temperature": 60 - 0.5 * (flow - 29) + 0.1 * noise[3]},
                        index=pd.date_range("2024-03-01 06:00", periods=rows, freq="s", name="time"))


def written(path: Path, frame: pd.DataFrame) -> Path:
    """The frame as CSV."""
    frame.to_csv(path)
    return path


def nasty(path: Path, encoding: str) -> Path:
    """All at once: gaps, repeated and unsorted times in two notations with a zone, decimal commas, words for numbers,
    an empty cell here and there, a header in Chinese, in an encoding that is not UTF-8."""
    frame = cooling()
    rows = []
    for number, (time, row) in enumerate(frame.iterrows()):
        stamp = pd.Timestamp(str(time))
        text = f"{stamp:%Y-%m-%d %H:%M:%S}+01:00" if number % 2 else f"{stamp:%Y-%m-%dT%H:%M:%S}+01:00"
        cells = [f"{value:.4f}".replace(".", ",") for value in row]
        if number % 97 == 5:
            cells[1] = "Bad Input"
        if number % 89 == 7:
            cells[2] = ""
        rows.append(";".join([text, *cells]))
    rows = rows[:200] + rows[230:]  # a gap
    rows.insert(50, rows[49])  # a repeat
    rows[300], rows[310] = rows[310], rows[300]  # out of order
    text = "\n".join(["时间;转速;流量 [L/min];压力 [bar];温度 [°C]", *rows]) + "\n"
    path.write_bytes(text.encode(encoding))
    return path


class Page(HTMLParser):
    """Text and ids of a report; raises on tags that do not match."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.ids: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.ids |= {value for key, value in attrs if key == "id" and value}

    def handle_data(self, data: str) -> None:
        self.words.append(data)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that one run over the clean export leaves."""
    folder = tmp_path_factory.mktemp("watch")
    assert main(["watch", str(written(folder / "plant.csv", cooling())), "--out", str(folder / "out"), *NORMAL]) == 0
    return folder / "out"


def watched(capsys: pytest.CaptureFixture[str], *words: str | Path) -> dict[str, Any]:
    """The JSON answer of a run that goes well."""
    assert main(["watch", *map(str, words), "-o", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert isinstance(found, dict)
    return found


def refused(capsys: pytest.CaptureFixture[str], *words: str | Path, code: int = 2) -> str:
    """The one sentence of a run that can't be."""
    assert main(["watch", *map(str, words), "--quiet"]) == code
    out = capsys.readouterr()
    sentence = out.err.strip()
    assert out.out == "" and sentence.startswith("lineshaft: ") and "\n" not in sentence and "Traceback" not in sentence
    return sentence


def test_decisions_are_one_row_a_tick_and_name_the_fault(finished: Path) -> None:
    rows = duckdb.connect().execute(f"SELECT time, score, alarm, causes, loop FROM '{finished}/decisions.parquet'").df()
    assert len(rows) == ROWS and rows["time"].is_monotonic_increasing and set(rows["loop"]) == {"plant"}
    alarm = rows["alarm"].to_numpy()
    assert not alarm[400:FAULT].any() and alarm[FAULT + 30:].all()
    assert rows["causes"].iloc[FAULT + 60].split(" ")[0] in {"flow", "temperature"}


def test_the_report_holds_every_section_and_says_what_was_found(finished: Path) -> None:
    page = Page((finished / "report.html").read_text("utf-8"))
    assert {"verdict", "alarms", "trends", "quality", "trust", "decided", "lineage"} <= page.ids
    text = "".join(page.words).replace("\N{NO-BREAK SPACE}", " ")
    assert text.count("in 8.33 min watched.") == 1 and "it points to" in text and "still standing" in text


def test_the_bundle_verifies_with_its_own_key_and_with_no_other(finished: Path, tmp_path: Path) -> None:
    bundle, key = finished / "bundles" / "plant-1", finished / "keys" / "watch.pub"
    assert [tag.path for tag in open_bundle(bundle, trusted_keys=[key]).manifest.tags] == [
        "speed", "flow", "pressure", "temperature"]
    from lineshaft.bundle.keys import new_key

    with pytest.raises(Refused):
        open_bundle(bundle, trusted_keys=[new_key(tmp_path / "other.key").path])


def test_a_node_takes_the_bundle(finished: Path, tmp_path: Path) -> None:
    node = edge.open_node(finished / "bundles" / "plant-1", edge.Place(tmp_path, (finished / "keys" / "watch.pub",)))
    node.close()


def test_the_result_says_how_many_alarms_in_how_much_and_what_the_first_named(
        tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["watch", str(written(tmp_path / "plant.csv", cooling())), "--out", str(tmp_path / "o"), *NORMAL]) == 0
    told = capsys.readouterr()
    assert told.out.startswith("1 alarm in 8.33 min watched; it began at 2024-03-01T06:11:4")
    assert "report.html" in told.out and "Normal operation is what you named" in told.err


def test_nobody_having_said_what_is_normal_is_told_in_clear_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]
                                                                  ) -> None:
    assert main(["watch", str(written(tmp_path / "plant.csv", cooling())), "--out", str(tmp_path / "o")]) == 0
    assert "Nobody said which stretch is normal, so the first 40 % counts" in capsys.readouterr().err


def test_a_second_run_leaves_the_first_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    export, out = written(tmp_path / "plant.csv", cooling()), tmp_path / "out"
    folders = [Path(watched(capsys, export, "--out", out, "--learner", "zscore")["files"]["this report"]).parent
               for _ in range(3)]
    assert folders == [out, out / "plant", out / "plant-2"]
    assert all((folder / "report.html").is_file() for folder in folders)


def test_what_a_run_wrote_is_no_export_to_the_next(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written(tmp_path / "plant.csv", cooling())
    first, second = (watched(capsys, tmp_path, "--out", tmp_path / "out", "--learner", "zscore") for _ in range(2))
    assert second["tags"] == first["tags"] == ["speed", "flow", "pressure", "temperature"]


def test_two_runs_at_once_get_a_folder_each(tmp_path: Path) -> None:
    export, out = written(tmp_path / "plant.csv", cooling()), tmp_path / "out"
    codes: list[int] = []
    words = ["watch", str(export), "--out", str(out), "--learner", "zscore", "--quiet"]
    threads = [threading.Thread(target=lambda: codes.append(main(words))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes == [0, 0] and len(list(out.rglob("report.html"))) == 2
    assert not list(tmp_path.rglob(".unfinished-*"))


def test_an_interruption_leaves_nothing_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from lineshaft.app import watch

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(watch, "write_report", interrupted)
    export = written(tmp_path / "plant.csv", cooling())
    assert main(["watch", str(export), "--out", str(tmp_path / "out"), "--learner", "zscore", "--quiet"]) == 130
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["plant.csv"]


@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    export, locked = written(tmp_path / "plant.csv", cooling()), tmp_path / "locked"
    locked.mkdir(mode=0o500)
    assert "can't be written here" in refused(capsys, export, "--out", locked / "out", code=3)


def test_a_file_in_the_place_of_the_folder_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    export = written(tmp_path / "plant.csv", cooling())
    assert "can't be written here" in refused(capsys, export, "--out", export, code=3)
    assert export.stat().st_size > 1000


def test_a_full_disk_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
                                     ) -> None:
    from lineshaft.app import watch

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(watch, "write_report", full)
    export = written(tmp_path / "plant.csv", cooling())
    sentence = refused(capsys, export, "--out", tmp_path / "out", "--learner", "zscore", code=3)
    assert "No space left on device" in sentence and not (tmp_path / "out").exists()


@pytest.mark.parametrize("encoding", ["gbk", "utf-16"])
def test_an_export_with_everything_wrong_at_once_is_watched(encoding: str, tmp_path: Path,
                                                            capsys: pytest.CaptureFixture[str]) -> None:
    found = watched(capsys, nasty(tmp_path / "导出.csv", encoding), "--out", tmp_path / "out", *NORMAL)
    assert found["tags"] == ["转速", "流量", "压力", "温度"]
    assert "2024-03-01T05:11:4" in str(found["headline"])  # 06:11:4x at +01:00
    assert "流量" in str(found["headline"]) or "温度" in str(found["headline"])
    said = " ".join(map(str, found["findings"]))
    assert "Bad Input" in said and "Empty cells" in said


def test_rows_are_counted_where_there_are_no_times(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    export = tmp_path / "plant.csv"
    cooling().to_csv(export, index=False)
    headline = str(watched(capsys, export, "--out", tmp_path / "out", *NORMAL)["headline"])
    assert "in 500 rows watched; it began at row 7" in headline
    assert "UTC" not in (tmp_path / "out" / "report.html").read_text("utf-8").split("</header>")[1].split("quality")[0]


def alike(value: Any) -> Any:
    """Without where it lies, to four digits: which form of a graph is the quicker is measured, and they round apart."""
    if isinstance(value, dict):
        return {key: alike(one) for key, one in value.items() if key != "where"}
    if isinstance(value, list):
        return [alike(one) for one in value]
    return round(value, 4) if isinstance(value, float) else value


def test_labels_set_nothing_but_are_compared_with(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    frame = cooling()
    plain = watched(capsys, written(tmp_path / "a.csv", frame), "--out", tmp_path / "a", *NORMAL)
    frame["anomaly"] = (np.arange(ROWS) >= FAULT).astype(int)
    labelled = watched(capsys, written(tmp_path / "b.csv", frame), "--out", tmp_path / "b", *NORMAL)
    assert alike(plain["alarms"]) == alike(labelled["alarms"])
    found = labelled["labels"]
    assert isinstance(found, dict) and found["rows"] == 500 and found["far"] == 0 and found["mar"] < 0.15
    assert plain["labels"] is None


def test_rows_labelled_abnormal_are_never_learnt_from(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    frame = cooling()
    frame["anomaly"] = 0
    frame.iloc[100:150, -1] = 1
    found = watched(capsys, written(tmp_path / "a.csv", frame), "--out", tmp_path / "a", *NORMAL)
    assert found["normal"] == {"stretch": "400 rows", "said": True, "rows": 350}


@pytest.mark.parametrize(("normal", "words"), [
    ("soon", "is not a stretch"), ("0%", "is not a stretch"), ("..%", "is not a stretch"),
    ("110 %", "is not a stretch"),
    ("1999-01-01/1999-01-02", "no row lies in"), ("yesterday/today", "is not a time"), ("60 rows", "too few")])
def test_a_normal_stretch_that_can_not_be_is_one_sentence(normal: str, words: str, tmp_path: Path,
                                                          capsys: pytest.CaptureFixture[str]) -> None:
    export = written(tmp_path / "plant.csv", cooling())
    assert words in refused(capsys, export, "--normal", normal, "--out", tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("spoil", "words"), [
    (lambda frame: frame.assign(**dict.fromkeys(frame, 1.0)), "no tag can be watched"),
    (lambda frame: frame.assign(**dict.fromkeys(frame, np.nan)), ""),
    (lambda frame: frame.iloc[:3], "too few"),
    (lambda frame: pd.DataFrame({"anomaly": (frame["flow"] < 25).astype(int)}), "")],
    ids=["constant", "missing", "three rows", "labels only"])
def test_a_file_that_says_nothing_is_one_sentence(spoil: Callable[[pd.DataFrame], pd.DataFrame], words: str,
                                                  tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    export = written(tmp_path / "plant.csv", spoil(cooling()))
    assert words in refused(capsys, export, "--out", tmp_path / "out")


def test_one_tag_alone_is_watched(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = watched(capsys, written(tmp_path / "p.csv", cooling()[["flow"]]), "--out", tmp_path / "out", *NORMAL)
    assert found["tags"] == ["flow"] and found["alarms"]


def test_tags_of_different_pace_are_watched_without_masking_the_slow_ones(
        tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    frame = cooling(1800, 1500)
    frame.loc[np.arange(1800) % 10 != 0, "temperature"] = np.nan
    watched(capsys, written(tmp_path / "p.csv", frame), "--out", tmp_path / "out", "--normal", "800 rows")
    rows = duckdb.connect().execute(f"SELECT masked FROM '{tmp_path}/out/decisions.parquet'").df()
    assert not rows["masked"].any()


def test_runs_keep_their_names_where_long_gaps_cut_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, two = (cooling(seed=seed, fault=fault) for seed, fault in ((1, None), (2, FAULT)))
    one.index = one.index.where(np.arange(ROWS) < 600, one.index + pd.Timedelta("2h"))
    folder = tmp_path / "units"
    folder.mkdir()
    written(folder / "east.csv", one)
    written(folder / "west.csv", two)
    found = watched(capsys, folder, "--out", tmp_path / "out", *NORMAL)
    (alarm,) = found["alarms"]
    assert alarm["where"].endswith(" of west") and alarm["run"] == 2
    assert found["normal"]["rows"] == 800


def test_quiet_says_only_the_result(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    export = written(tmp_path / "plant.csv", cooling())
    assert main(["watch", str(export), "--out", str(tmp_path / "o"), "--learner", "zscore", "--quiet"]) == 0
    assert capsys.readouterr().err == ""


def test_without_a_terminal_there_are_no_progress_bars(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    export = written(tmp_path / "plant.csv", cooling())
    assert main(["watch", str(export), "--out", str(tmp_path / "o"), "--learner", "zscore"]) == 0
    said = capsys.readouterr().err
    assert "\x1b" not in said and "\r" not in said and "━" not in said


def test_a_thousand_tags_are_watched(tmp_path: Path, capsys: pytest.CaptureFixture[str],
                                     rng: np.random.Generator) -> None:
    hidden = rng.normal(size=(400, 8)).cumsum(axis=0) * 0.1
    wide = hidden @ rng.normal(size=(8, 1000)) + rng.normal(size=(400, 1000))
    frame = pd.DataFrame(wide, columns=[f"t{i:04d}" for i in range(1000)], index=cooling(400).index)
    export = written(tmp_path / "wide.csv", frame.round(4))
    found = watched(capsys, export, "--out", tmp_path / "out", "--learner", "pca")
    assert len(found["tags"]) == 1000


def test_the_chinese_report_is_chinese(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    watched(capsys, written(tmp_path / "p.csv", cooling()), "--out", tmp_path / "out", "--lang", "zh", *NORMAL)
    assert "监视 8.33" in (tmp_path / "out" / "report.html").read_text("utf-8")


def test_an_unknown_learner_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    export = written(tmp_path / "plant.csv", cooling())
    assert "no learner is called 'oracle'" in refused(capsys, export, "--learner", "oracle", "--out", tmp_path / "o")


def test_the_false_alarm_rate_and_who_finds_modes_are_the_user_s(
        tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    export = written(tmp_path / "plant.csv", cooling())
    watched(capsys, export, "--out", tmp_path / "o", "--learner", "zscore", "--mode-learner", "one",
            "--false-alarm-rate", "1e-3", *NORMAL)
    bundle = open_bundle(tmp_path / "o" / "bundles" / "plant-1", trusted_keys=[tmp_path / "o" / "keys" / "watch.pub"])
    assert "over the limit: 0.001" in bundle.card


@pytest.mark.parametrize(("words", "told"), [
    (("--false-alarm-rate", "2"), "2 is no share of ticks"), (("--mode-learner", "oracle"), "no learner of modes"),
    (("--mode", "speed", "--mode-learner", "kmeans"), "by tags and by a learner")])
def test_what_can_be_no_rate_and_no_learner_of_modes_is_one_sentence(
        words: tuple[str, ...], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    export = written(tmp_path / "plant.csv", cooling())
    assert told in refused(capsys, export, *words, "--out", tmp_path / "o")


def test_a_file_that_is_not_there_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    refused(capsys, tmp_path / "nowhere.csv", "--out", tmp_path / "o")
