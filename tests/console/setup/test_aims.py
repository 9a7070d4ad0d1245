"""What a project can be for is asked in plain words, and written as a person would."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from tests.console.setup.test_routes import written

from lineshaft.app.console.pages import languages, words
from lineshaft.app.console.setup.aims import aims
from lineshaft.app.goal import Goal, tasks
from lineshaft.app.project import Project

KEYS = ("predict", "classes", "group", "end-of-life")


def test_every_task_there_is_can_be_chosen_and_has_its_words() -> None:
    found = {one.name: one for one in aims()}
    assert list(found) == list(tasks()) and found["infer"].needs == ("predict",) and found["forecast"].ahead
    for lang in languages():
        said = words(lang)
        for one in found.values():
            assert said[f"setup.aim.is_{one.name}"] and said[f"setup.aim.what_{one.name}"]
            asked = [key for key in one.takes if key != "group" or one.name == "prognose"]
            assert all(said[f"setup.aim.{one.name}_{key}"] for key in asked), one.name


@pytest.mark.parametrize(("task", "told", "goal"), [
    ("infer", {"predict": "works/NOX"}, Goal(("works/NOX",))),
    ("forecast", {"predict": ["a", "b"], "settings.ahead": [1, 5]}, Goal(("a", "b"), settings={"ahead": [1, 5]})),
    ("diagnose", {"predict": "code", "classes.1": "泄漏", "classes.2.5": "fouled"},
     Goal(("code",), {"1": "泄漏", "2.5": "fouled"})),
    ("prognose", {"group": "unit", "end-of-life": "failed"}, Goal(group="unit", end_of_life="failed")),
    ("segment", {}, Goal())])
def test_what_is_chosen_becomes_the_file_that_the_command_line_reads(task: str, told: dict[str, Any], goal: Goal,
                                                                     client: TestClient, tmp_path: Path) -> None:
    written(client, [{"key": ["plant", "source"], "value": "plant.csv"}])
    changes = [{"key": ["tasks", "cell", *key.split(".", 1)], "value": value} for key, value in told.items()]
    written(client, [{"key": ["tasks", "cell", "task"], "value": task}, *changes])
    made = Project.open(tmp_path)
    assert (made.task.task, made.recipe.goal) == (task, goal)
    back = [{"key": ["tasks", "cell", key], "value": None} for key in {name.split(".")[0] for name in told}]
    written(client, [{"key": ["tasks", "cell", "task"], "value": "monitor"}, *back])
    assert Project.open(tmp_path).recipe.goal == Goal()


def test_what_is_missing_is_said_before_anything_is_written(client: TestClient, tmp_path: Path) -> None:
    written(client, [{"key": ["plant", "source"], "value": "plant.csv"}])
    change = {"key": ["tasks", "cell", "task"], "value": "infer"}
    answer = client.post("/api/v1/setup/draft", json={"changes": [change]})
    assert answer.status_code == 400 and "must be told what to predict" in answer.json()["error"]
    assert 'task = "monitor"' in (tmp_path / "lineshaft.toml").read_text("utf-8")
    assert {one["name"] for one in client.get("/api/v1/setup/choices").json()["tasks"]} == set(tasks())
