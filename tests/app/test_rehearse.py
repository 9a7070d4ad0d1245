"""A bundle over recorded history: the node's own words, and progress that a program can follow."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.app.astray import START, astray

from lineshaft.app.cli import main
from lineshaft.app.project import Project
from lineshaft.app.rehearse import POINTS, described, rehearse
from lineshaft.core.clock import SECOND
from lineshaft.core.errors import UsageError

pytestmark = pytest.mark.usefixtures("untimed")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return astray(tmp_path)


def test_it_says_what_a_node_would_have_said_and_nothing_where_nothing_was_recorded(project: Project) -> None:
    seen: list[tuple[int, int]] = []
    with project.historian() as historian:
        found = rehearse(project, historian, project.folder / "bundles" / "cell-1", START + 100 * SECOND,
                         START + 1260 * SECOND, lambda done, total, _: seen.append((done, total)))
    said = found.decisions
    assert set(np.diff(said.time[said.run == 1])) == {SECOND}
    silent = (said.time > START + 640 * SECOND) & (said.time < START + 660 * SECOND)
    assert len(np.unique(said.run)) == 2 and not silent.any()
    [one] = [one for one in found.episodes if one.ticks > 20]
    assert abs(one.start - (START + 960 * SECOND)) <= 3 * SECOND and one.causes[0].tag == "cell/c"
    assert seen[-1][0] == seen[-1][1]
    assert not said.missed.any()


def test_chunks_of_history_leave_no_seam(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = project.folder / "bundles" / "cell-1"
    with project.historian() as historian:
        whole = rehearse(project, historian, bundle, START, START + 1260 * SECOND)
        monkeypatch.setattr("lineshaft.app.rehearse.CHUNK_TICKS", 37)
        parts = rehearse(project, historian, bundle, START, START + 1260 * SECOND)
    assert (whole.decisions.time == parts.decisions.time).all()
    assert (whole.decisions.score == parts.decisions.score).all()
    assert whole.episodes == parts.episodes


def test_what_cannot_be_rehearsed_is_a_sentence(project: Project) -> None:
    bundle = project.folder / "bundles" / "cell-1"
    with project.historian() as historian:
        with pytest.raises(UsageError, match="nothing was recorded of the bundle's tags"):
            rehearse(project, historian, bundle, START - 9000 * SECOND, START - 8000 * SECOND)
        with pytest.raises(UsageError, match="the stretch is empty"):
            rehearse(project, historian, bundle, START, START)


def test_the_scores_of_a_long_stretch_are_few_and_keep_their_peaks(project: Project) -> None:
    with project.historian() as historian:
        found = rehearse(project, historian, project.folder / "bundles" / "cell-1", START, START + 1260 * SECOND)
    said = found.decisions
    longer = replace(said, time=np.tile(said.time, 3), score=np.tile(said.score, 3), alarm=np.tile(said.alarm, 3),
                     masked=np.tile(said.masked, 3))
    many = replace(found, decisions=longer)
    told = described(many)
    assert len(told["scores"]["time"]) == len(told["scores"]["score"]) == POINTS
    assert max(told["scores"]["score"]) == found.decisions.score.max()
    assert told["scores"]["time"][0] == found.decisions.time[0] // 1_000_000


def test_a_program_reads_progress_on_stderr_and_the_result_on_stdout(project: Project,
                                                                     capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["rehearse", "--start", "2023-11-14 22:13:20", "--end", "2023-11-14 22:34:20"], ["train"]):
        assert main(["model", *words, "--project", str(project.folder), "--progress-json", "-o", "json"]) == 0
        shown = capsys.readouterr()
        lines = [json.loads(line) for line in shown.err.splitlines()]
        assert lines and all({"done", "total", "what"} <= set(line) for line in lines)  # a search says more
        assert json.loads(shown.out)
