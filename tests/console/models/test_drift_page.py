"""Drift over HTTP and on the command line: measured beside the console, remembered, honest about what it left out."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from tests.console.works import PATHS, Opened, at

from lineshaft.app import drifting, flow
from lineshaft.app.cli import main
from lineshaft.app.project import Project
from lineshaft.core.clock import SECOND
from lineshaft.core.errors import UsageError
from lineshaft.core.feedback import Feedback, Verdict
from lineshaft.core.sample import Samples
from lineshaft.core.tag import Tag


def measured(project: Project, over: float, version: int = 1) -> drifting.Measured:
    with project.historian() as historian:
        return drifting.measure(project, historian, version, round(over * SECOND))


def test_the_tag_that_moved_is_named_and_no_other(project: Project) -> None:
    found = measured(project, 300)
    assert {tag: str(one.state) for tag, one in found.tags} == dict(zip(PATHS, ("steady", "drifted", "steady"),
                                                                       strict=True))
    moved = dict(found.tags)[PATHS[1]]
    assert moved.shift == pytest.approx(4, abs=0.5) and moved.outside > 0.3
    assert (found.window_rows, found.taught_rows, found.reference_rows) == (3000, 0, 2000)


def test_the_time_at_which_it_began_is_told(project: Project) -> None:
    """b moved at second 400; two more tags stayed, and it belongs to neither of them."""
    [one] = measured(project, 600).began
    assert one.tag == PATHS[1] and abs(one.begin - at(400)) < 2 * SECOND
    assert one.low <= at(400) <= one.high + SECOND
    assert (str(one.source), str(one.change)) == ("sensor", "level")


def test_decisions_that_people_call_wrong_more_often_are_dated(project: Project) -> None:
    with project.historian() as historian:
        for second in range(400, 800, 10):
            kind = Verdict.BAD if second >= 600 else Verdict.GOOD
            flow.review(historian, Feedback("cell", at(second), at(second + 1), kind, kind is Verdict.BAD, "anna", "",
                                            at(850 + second / 100)))
    found = measured(project, 550).concept
    assert (found.verdicts, found.wrong, found.begin) == (40, 20, at(600))
    assert "wrong, more often since" in drifting.judged(found)
    assert "Nobody judged" in drifting.judged(measured(project, 50).concept)


def test_the_history_proves_that_it_still_holds_the_training_data(project: Project) -> None:
    assert measured(project, 100).same_data and measured(project, 100, version=2).same_data
    with project.historian() as historian:
        historian.register([Tag(PATHS[0], unit="kPa", address="a")])
    assert not measured(project, 100).same_data


def test_rows_that_taught_and_rows_that_people_call_abnormal_are_left_out_and_counted(project: Project) -> None:
    with project.historian() as historian:
        flow.review(historian, Feedback("cell", at(500), at(550), Verdict.GOOD, True, "anna", "", at(901)))
    found = measured(project, 900)
    assert (found.taught_rows, found.abnormal_rows) == (2000, 500)
    assert found.window_rows == 9000 - 2500


def test_a_long_window_is_read_in_parts(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drifting, "MOST_CELLS", 3 * 48 * 20)
    found = measured(project, 600)
    assert found.sliced and found.window_rows == 48 * 20
    assert dict(found.tags)[PATHS[1]].state == "drifted"


def test_a_window_longer_than_history_begins_where_history_does(project: Project) -> None:
    assert measured(project, 7 * 86_400).window_rows == 7000


def test_operating_modes_are_compared_with_their_like(project: Project) -> None:
    """b is at 4 in mode 1 and at 0 in mode 0: both were taught, the window holds mode 1 only."""
    with project.historian() as historian:
        path = "works/hall1/mode"
        historian.register([Tag(path, kind="int", address="mode")])
        random = np.random.default_rng(1)
        row = np.arange(8000)
        mode = np.where(row < 6000, row // 500 % 2, 1.0)
        values = random.normal(size=(8000, 3)) + np.outer(mode, [0, 4, 0])
        historian.append(Samples.rows([*PATHS, path], np.array([at(1000 + one / 10) for one in row.tolist()]),
                                      np.column_stack([values, mode])))
        flow.review(historian, Feedback("cell", at(1000), at(1600), Verdict.GOOD, False, "anna", "", at(1800)))
        from lineshaft.app import training

        sealed = training.train(project, historian)
        found = drifting.measure(project, historian, sealed.manifest.version, 200 * SECOND)
    assert found.modes == (path,)
    assert dict(found.tags)[PATHS[1]].state == "steady"


def test_scores_are_told_part_by_part(project: Project) -> None:
    found = measured(project, 600).scores
    assert {round(bucket.median, 3) for bucket in found} == {0.5, 2.0}
    assert (found[0].alarm, found[-1].alarm) == (0.0, 1.0)
    assert sum(bucket.count for bucket in found) == 600


def test_a_version_that_is_not_there_is_refused(project: Project) -> None:
    with pytest.raises(UsageError, match=r"no bundle of version 5; there are: 1, 2"):
        measured(project, 100, version=5)


def test_the_command_tells_the_same(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["model", "drift", "--project", str(project.folder), "--over", "300s", "-o", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [one["state"] for one in told["tags"]] == ["steady", "drifted", "steady"]
    assert main(["model", "drift", "--project", str(project.folder), "--over", "300s"]) == 0
    assert capsys.readouterr().out.splitlines()[1].split()[:2] == [PATHS[1], "drifted"]


def test_the_page_asks_and_a_process_of_its_own_measures(console: Opened) -> None:
    with console.job() as job:
        first = console.get("/model/1/drift", over="hour")
        assert first["result"] is None and first["running"]["kind"] == "drift/1/hour"
        assert console.get("/model/1/drift", over="day")["running"]["number"] == first["running"]["number"]
    assert job["state"] == "done", job["error"]
    found = console.get("/model/1/drift", over="hour")
    assert found["running"] is None and not found["error"]
    assert states(found["result"]) == ["steady", "drifted", "steady"]
    [one] = found["result"]["began"]
    assert (one["tag"], one["source"]) == (PATHS[1], "sensor") and abs(one["begin"] - at(400) // 10**6) < 2000
    assert found["result"]["concept"]["verdicts"] > 0 and found["result"]["truth"] is None
    assert found["result"]["end"] == at(899.9) // 10**6
    assert len(console.console.jobs.all()) == 1


def test_a_measurement_that_fails_says_why_and_is_not_repeated_at_once(console: Opened, project: Project) -> None:
    console.get("/model")
    with console.job() as job:
        (project.folder / "history" / "samples").mkdir()
        (project.folder / "history" / "hot.sqlite").rename(project.folder / "history" / "away")
        (project.folder / "history" / "hot.sqlite").write_bytes(b"no database" * 100)
        console.get("/model/1/drift")
    assert job["state"] == "failed"
    found = console.get("/model/1/drift")
    assert found["error"] == job["error"] and found["running"] is None


def states(result: Any) -> list[str]:
    return [one["state"] for one in result["tags"]]
