"""Which fault it was: said of an alarm or of any stretch, from the kinds that the model, the file and people know."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.console.alarms.conftest import Plant

from lineshaft.app.config import FILE
from lineshaft.app.console.alarms.kinds import kinds
from lineshaft.app.project import Project
from lineshaft.core.answer import Answer
from lineshaft.core.decision import Decision
from lineshaft.core.decision_tags import decision_samples, decision_tags
from lineshaft.core.feedback import Verdict
from lineshaft.feedback.verdicts import verdicts
from lineshaft.historian.store import EmbeddedHistorian

Ask = Callable[..., Any]
Act = Callable[..., tuple[int, Any]]


def test_a_right_alarm_carries_the_fault_it_was_and_a_false_one_none(plant: Plant, act: Act,
                                                                     historian: EmbeddedHistorian) -> None:
    at = plant.alarm().since // 1_000_000
    code, one = act(f"/occurrences/{at}/verdict", verdict="good", label=" 泵 cavitation ")
    assert code == 200 and one["verdict"]["label"] == "泵 cavitation"
    assert act(f"/occurrences/{at}/verdict", verdict="bad", label="x")[1]["verdict"]["label"] == ""
    assert [one.label for one in verdicts(historian, "cell")] == ["泵 cavitation", ""]
    assert act(f"/occurrences/{at}/verdict", verdict="good", label="x" * 201)[0] == 400


def test_what_was_said_once_is_offered_from_then_on(plant: Plant, act: Act, ask: Ask) -> None:
    at = plant.alarm().since // 1_000_000
    assert ask("/kinds", start=at, end=at + 1000) == {"known": [], "teaches": False, "tag": ""}
    act(f"/occurrences/{at}/verdict", verdict="good", label="leak")
    assert ask("/kinds", start=at, end=at + 1000)["known"] == [{"name": "leak", "probability": None}]


def test_a_stretch_is_named_with_an_alarm_in_it_or_without(plant: Plant, act: Act,
                                                           historian: EmbeddedHistorian) -> None:
    at = plant.alarm().since // 1_000_000
    plant.calm()
    code, told = act("/stretch", start=at, end=at + 2000, label="leak")
    assert code == 200 and told["alarm"] and told["abnormal"] and told["label"] == "leak"
    assert not act("/stretch", start=at - 60_000, end=at - 30_000, label="leak")[1]["alarm"]  # a fault that was missed
    assert not act("/stretch", start=at, end=at + 2000)[1]["abnormal"]
    right, missed, false = verdicts(historian, "cell")
    assert (right.verdict, missed.verdict, false.verdict) == (Verdict.GOOD, Verdict.BAD, Verdict.BAD)
    assert right.abnormal and missed.abnormal and not false.abnormal
    code, said = act("/stretch", start=at, end=at, label="leak")
    assert code == 400 and "empty" in said["error"]


def test_the_classes_of_the_file_are_offered_and_their_source_is_told(project: Project,
                                                                      historian: EmbeddedHistorian) -> None:
    path = project.folder / FILE
    told = 'task = "diagnose"\npredict = "code"\nclasses = {0 = "normal", 1 = "leak", 2 = "fouled"}\n#'
    path.write_text(project.text.replace('task = "monitor" ', told), "utf-8")
    found = kinds(Project.open(project.folder), historian, 0, 1)
    assert [one.name for one in found.known] == ["leak", "fouled"] and (found.teaches, found.tag) == (False, "code")
    path.write_text(project.text.replace('task = "monitor" ', 'task = "diagnose"\n#'), "utf-8")
    assert kinds(Project.open(project.folder), historian, 0, 1).teaches


def test_the_likeliest_by_the_model_comes_first(project: Project, historian: EmbeddedHistorian,
                                                monkeypatch: Any) -> None:
    answers = (Answer("normal"), Answer("leak"), Answer("fouled"))
    said = [Decision("cell", "works", time, 0.0, False, answers=answers, values=(0.1, 0.3, 0.6), low=(0.0,) * 3,
                     high=(1.0,) * 3) for time in range(1, 4)]
    historian.register(list(decision_tags("cell", "works", answers)))
    historian.append(decision_samples(said))
    monkeypatch.setattr("lineshaft.app.console.alarms.kinds._told_apart", lambda project: answers)
    found = kinds(project, historian, 0, 10).known
    assert [(one.name, one.probability) for one in found] == [("fouled", 0.6), ("leak", 0.3)]
