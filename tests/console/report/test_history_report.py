"""The report of a stretch of history: true to what is stored, one file, in the reader's language."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from tests.console.works import ASSET, PATHS, START, Opened, at, build, opened

from lineshaft.app.backtest import Decisions
from lineshaft.app.console.reports.grid import MOST_ROWS, on_grid
from lineshaft.app.console.reports.make import report
from lineshaft.app.console.reports.said import said
from lineshaft.app.console.trends.band import BandKeeper
from lineshaft.app.project import Project
from lineshaft.app.report import ReportData
from lineshaft.app.report.live import worst_score
from lineshaft.bundle.inspect import inspect
from lineshaft.core.clock import SECOND
from lineshaft.core.decision import Cause, Decision
from lineshaft.core.decision_tags import decision_samples
from lineshaft.core.errors import UsageError
from lineshaft.core.feedback import Feedback, Verdict
from lineshaft.core.progress import silent
from lineshaft.core.sample import Samples
from lineshaft.core.tag import Tag
from lineshaft.feedback.verdicts import record
from lineshaft.historian.memory import MemoryHistorian

WHOLE = {"start": START * 1000, "end": (START + 1000) * 1000}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The works, with causes for what it said at last, and somebody who says that it was right."""
    project = build(tmp_path_factory.mktemp("works"))
    digest = str(inspect(project.bundles()[1])["digest"])
    with project.historian() as historian:
        historian.append(decision_samples(
            Decision(project.loop, ASSET, at(second), 3.0, True, (Cause(PATHS[1], 0.8), Cause(PATHS[0], 0.2)), 0.99,
                     bundle=digest) for second in range(900, 960)))
        record(historian, Feedback(project.loop, at(550), at(700), Verdict.GOOD, True, "ben", "bearing worn", at(960)))
    return project


@pytest.fixture
def console(built: Project, tmp_path: Path) -> Iterator[Opened]:
    shutil.copytree(built.folder, tmp_path / "works")
    with opened(tmp_path / "works") as found:
        yield found


@pytest.fixture(scope="module")
def data(built: Project) -> ReportData:
    with built.historian() as historian:
        return report(built, historian, BandKeeper(), at(0), at(1000))


def test_alarms_are_those_that_stood_with_the_causes_that_were_said(data: ReportData) -> None:
    (alarm,) = data.alarms
    assert (alarm.start, alarm.end, alarm.peak) == (at(600), at(959), 3.0) and alarm.open
    assert [cause.tag for cause in alarm.causes] == [PATHS[1], PATHS[0]]
    assert alarm.causes[0].share == pytest.approx(0.8 * 60 / 360)


def test_the_bundle_that_decided_says_where_it_comes_from(data: ReportData, built: Project) -> None:
    assert data.bundle == inspect(built.bundles()[1])["digest"]
    assert data.manifest is not None and data.manifest.version == 1
    assert data.certificate is not None and data.dataset == data.manifest.lineage.dataset
    assert data.trust.fit_rows == data.manifest.figures["fit_rows"]


def test_what_was_learnt_from_is_marked_and_what_people_called_abnormal_is_an_event(data: ReportData) -> None:
    fit = [passage for passage in data.passages if passage.use == "fit"]
    assert [(one.start, one.end) for one in fit] == [(at(0), at(200))]
    assert data.passages[-1].use == "watch" and data.passages[-1].end == at(1000)
    (event,) = data.events
    assert (event.name, event.delay_ns) == ("bearing worn", 50 * SECOND)


def test_bands_are_those_of_the_deciding_bundle_and_not_of_the_stretch(data: ReportData) -> None:
    assert data.bands is not None
    band = data.bands[[tag.path for tag in data.tags].index(PATHS[1])]
    assert band is not None and -4 < band[0] < 0 < band[1] < 3.9  # b drifts to 4 later


def test_a_page_is_one_file_that_asks_nothing_of_any_network(console: Opened) -> None:
    answer = console.client.get("/api/v1/report/page", params={**WHOLE, "lang": "en"})
    assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/html")
    assert "bearing worn" in answer.text and "Data quality" in answer.text
    assert not re.search(r"""(?:src|href)=["'](?!#)""", answer.text) and "@import" not in answer.text
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "sandbox allow-scripts" in policy and "frame-ancestors 'self'" in policy


def test_it_speaks_the_language_and_has_the_theme_of_the_reader(console: Opened) -> None:
    def page(lang: str, theme: str) -> str:
        return str(console.client.get("/api/v1/report/page", params={**WHOLE, "lang": lang, "theme": theme}).text)

    assert '<html data-theme="dark" lang="zh-CN">' in page("zh", "dark") and "数据质量" in page("zh", "dark")
    assert '<html data-theme="light" lang="en">' in page("en", "light")
    assert '<html lang="en">' in page("en", "auto")


def test_it_is_made_once_and_says_how_far_it_is(console: Opened) -> None:
    assert console.get("/report", **WHOLE)["state"] in ("running", "done")
    first = console.client.get("/api/v1/report/page", params=WHOLE).text
    assert console.get("/report", **WHOLE)["state"] == "done"
    assert console.client.get("/api/v1/report/page", params=WHOLE).text == first
    assert len([key for key in console.console.works._works if "report" in str(key)]) == 1


def test_it_can_be_saved_under_a_name_that_says_when(console: Opened) -> None:
    answer = console.client.get("/api/v1/report/page", params={**WHOLE, "save": True})
    assert answer.headers["content-disposition"] == 'attachment; filename="report-20231114T221320Z.html"'


def test_a_stretch_without_anything_is_refused_with_a_sentence(console: Opened) -> None:
    answer = console.client.get("/api/v1/report/page", params={"start": 1000, "end": 2000})
    assert answer.status_code == 400 and "nothing is recorded in this stretch" in answer.json()["error"]
    assert console.client.get("/api/v1/report", params={"start": 5, "end": 5}).status_code == 400


def test_too_many_decisions_are_refused_with_how_many_would_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lineshaft.app.console.reports.said.MOST", 100)
    historian = MemoryHistorian()
    historian.append(decision_samples(Decision("cell", "a", at(second), 0.1, False) for second in range(200)))
    with pytest.raises(UsageError, match=r"200 decisions are more than one report can hold.*1\.67 min"):
        said(historian, "cell", "a", at(0), at(200), 0)


def test_many_alarms_keep_their_causes_whatever_joins_their_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lineshaft.app.console.reports.said.MOST_READS", 3)
    historian = MemoryHistorian()
    historian.append(decision_samples(
        Decision("cell", "a", at(second), 1.5, second % 10 < 4, (Cause(f"t{second // 10}", 1.0),))
        for second in range(200)))
    found = said(historian, "cell", "a", at(0), at(200), 0)
    assert len(found) == 200 and int(found.alarm.sum()) == 80
    for second in range(200):
        if found.alarm[second]:
            assert found.causes[second] == ((f"t{second // 10}", 1.0),)


def test_a_row_shows_the_highest_score_since_the_row_before_it() -> None:
    empty = np.zeros(4)
    decisions = Decisions(np.array([5, 10, 11, 95]), np.zeros(4, np.int32), np.array([9.0, 1.0, 2.0, 7.0]),
                          empty > 0, empty, empty.astype(np.int64), empty > 0, np.zeros(4, np.int32), ((),) * 4)
    found = worst_score(np.array([10, 20, 30, 40]), 10, decisions)
    assert found[:2].tolist() == [9.0, 2.0] and np.isnan(found[2:]).all()


def test_a_long_stretch_has_no_more_rows_than_a_page_can_draw(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lineshaft.app.console.reports.grid.AT_ONCE", 1000)
    historian = MemoryHistorian()
    times = START * SECOND + np.arange(30_000, dtype=np.int64) * SECOND
    historian.append(Samples(("a",), np.zeros(30_000, np.int32), times, np.arange(30_000.0),
                             np.zeros(30_000, np.uint32)))
    found = on_grid(historian, [Tag("a", period_ns=SECOND)], START * SECOND, (START + 30_000) * SECOND, SECOND,
                    3 * SECOND, silent)
    assert len(found) == 15_000 <= MOST_ROWS and found.period_ns == 2 * SECOND and found.good.all()
    assert found.values[:, 0].tolist() == list(range(0, 30_000, 2))
