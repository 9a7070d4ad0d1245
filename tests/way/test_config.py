"""A task with an answer in lineshaft.toml: every mistake is named by its line, before any work begins."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.way.conftest import settings
from tests.way.soft import Soft

from lineshaft.app import goal
from lineshaft.app.config import check
from lineshaft.app.project import Project
from lineshaft.core.errors import UsageError
from lineshaft.core.tag import Tag

pytestmark = pytest.mark.usefixtures("soft")
RIGHT = 'task = "infer"\npredict = "NOX"\n#'


def mistake(text: str) -> str:
    with pytest.raises(UsageError) as caught:
        check(settings(text), Path("lineshaft.toml"))
    return str(caught.value)


def test_settings_are_the_tasks_own() -> None:
    text = settings(RIGHT) + "\n[tasks.cell.settings]\nlook-back = 9\ncoverage = 0.8\n"
    found = goal.learning("infer", check(text, Path("lineshaft.toml")).tasks["cell"].goal)
    assert found == Soft(look_back=9, coverage=0.8)


@pytest.mark.parametrize(("text", "key", "says"), [
    ('task = "infre"\n#', "tasks.cell.task", "did you mean 'infer'?"),
    ('task = "infer"\n#', "tasks.cell.task", 'must be told what to predict; write predict = "path/of/a/tag"'),
    ('task = "infer"\npredict = 3\n#', "tasks.cell.predict", "is wanted, not a whole number"),
    ('task = "infer"\npredict = [" "]\n#', "tasks.cell.predict", "an empty tag path"),
    ('predict = "NOX"\n#', "tasks.cell.predict", "task monitor has no use for 'predict'"),
    ('settings = {a = 1}\n#', "tasks.cell.settings", "task monitor has no settings of its own"),
    (RIGHT[:-1] + 'classes = {"0" = "good"}\n#', "tasks.cell.classes", "task infer has no use for 'classes'"),
    (RIGHT[:-1] + "settings = {loop-back = 9}\n#", "tasks.cell.settings", "no setting 'loop-back'; did you mean"),
    (RIGHT[:-1] + 'settings = {look-back = "a"}\n#', "tasks.cell.settings",
     "a whole number is wanted, not a text in quotes"),
])
def test_a_mistake_is_named_by_its_line(text: str, key: str, says: str) -> None:
    said = mistake(text)
    assert says in said and key in said and said.startswith("lineshaft.toml:")


def test_two_tasks_in_one_project_are_refused_with_what_to_do() -> None:
    text = settings(RIGHT) + '\n[tasks.second]\ntask = "monitor"\n'
    with pytest.raises(UsageError, match="2 tasks where one is possible; give each task a project folder of its own"):
        check(text, Path("lineshaft.toml"))


def test_a_predicted_tag_is_recorded_though_no_pattern_names_it(tmp_path: Path) -> None:
    (tmp_path / "lineshaft.toml").write_text(settings(RIGHT).replace('tags = ["*"]', 'tags = ["t*"]'), "utf-8")
    made, tags = Project.open(tmp_path), [Tag("temperature"), Tag("load"), Tag("NOX")]
    assert [tag.path for tag in made.choose(tags)] == ["temperature", "NOX"]
    with pytest.raises(UsageError, match=r"lineshaft\.toml:\d+ tasks\.cell\.predict.*matches 'NOX'"):
        made.choose(tags[:2])


def test_an_unknown_learner_is_named_by_its_line_when_it_trains(
        project: Callable[..., Project], capsys: pytest.CaptureFixture[str]) -> None:
    from lineshaft.app.cli import main

    made = project(text=RIGHT[:-1] + 'learner = "rigde"\n#')
    assert main(["model", "train", "--project", str(made.folder), "--quiet"]) == 2
    said = capsys.readouterr().err
    assert "no learner of infer is called 'rigde'" in said and "tasks.cell.learner" in said
