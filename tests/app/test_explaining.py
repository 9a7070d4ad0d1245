"""Why a bundle says what it says of a moment of history, and what would have been."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.app.astray import START, astray

from lineshaft.app.cli import main
from lineshaft.app.explaining import asked, explained
from lineshaft.app.project import Project
from lineshaft.app.rehearse import rehearse
from lineshaft.core.clock import SECOND, format_time
from lineshaft.core.errors import UsageError
from lineshaft.core.feedback import Feedback, Verdict
from lineshaft.feedback.verdicts import record
from lineshaft.model.explain.whatif import Change

pytestmark = pytest.mark.usefixtures("untimed")
ONSET, END = START + 960 * SECOND, START + 1010 * SECOND


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from functools import partial

    from lineshaft.app import lowering
    from lineshaft.bundle.certify import certify
    from lineshaft.core.clock import ManualClock

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lowering, "certify", partial(certify, clock=ManualClock()))
        return astray(tmp_path_factory.mktemp("astray")).folder


@pytest.fixture
def project(folder: Path) -> Project:
    return Project.open(folder)


def test_the_tags_parts_add_up_to_what_the_score_is_over_the_usual(project: Project) -> None:
    with project.historian() as historian:
        found = explained(project, historian, format_time(ONSET + 30 * SECOND))
        bundle = next(iter(project.bundles().values()))
        said = rehearse(project, historian, bundle, START, END).decisions
    assert found.parts[0].tag == "cell/c" and found.parts[0].read is not None and found.parts[0].read > 25
    assert sum(part.value for part in found.parts) == pytest.approx(found.said - found.usual, abs=1e-6)
    assert found.exact and found.time == ONSET + 30 * SECOND
    node = float(said.score[said.time == found.time][0])
    assert found.said == pytest.approx(node, abs=1e-3)


def test_like_cases_are_from_before_and_carry_what_people_said(project: Project) -> None:
    judged = Feedback("cell", ONSET, ONSET + 10 * SECOND, Verdict.GOOD, alarm=True, by="anna", given=1)
    with project.historian() as historian:
        record(historian, judged)
        late = explained(project, historian, format_time(START + 1240 * SECOND), past_ns=600 * SECOND, cases=2)
        strange = explained(project, historian, format_time(ONSET + 40 * SECOND), past_ns=3600 * SECOND, cases=2)
    assert all(case.time < late.time for case in late.cases) and len(late.cases) >= 1
    assert strange.cases[0].distance > late.cases[0].distance
    assert not strange.cases[0].alarm


def test_without_the_tag_that_went_astray_there_is_no_alarm(project: Project) -> None:
    stretch = f"{format_time(ONSET)}/{format_time(END)}"
    with project.historian() as historian:
        found = asked(project, historian, stretch, [Change("cell/c", "+=", -30.0)])
        masked = asked(project, historian, stretch, [Change("cell/c", "=", None)])
    assert found.was_alarm.sum() > 40 and not found.would_alarm.any() and not masked.would_alarm.any()
    assert len(found.time) == 50


def test_the_commands_tell_it(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    when = format_time(ONSET + 30 * SECOND)
    told = ["--project", str(project.folder)]
    assert main(["decision", "explain", when, "--past", "15min", "--cases", "1", "--quiet", *told]) == 0
    shown = capsys.readouterr().out
    assert "cell/c" in shown and "Most like it before:" in shown
    assert main(["decision", "what-if", f"{format_time(ONSET)}/{when}", "--set", "cell/c=0", "-o", "json", *told]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["was"]["alarm_ticks"] > 20 and found["would"]["alarm_ticks"] == 0
    assert found["would"]["first_alarm"] is None


def test_what_was_never_recorded_is_a_sentence(project: Project) -> None:
    with project.historian() as historian, pytest.raises(UsageError, match="nothing was recorded"):
        explained(project, historian, format_time(START - 9000 * SECOND))
