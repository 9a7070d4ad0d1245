"""A monitor's learners stand in the leaderboard of the project, as any other task's candidates do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lineshaft.app.project import Project


def test_what_a_monitor_tried_is_kept_with_what_its_graph_costs(project: Callable[..., Project],
                                                                asked: Callable[..., Any]) -> None:
    made = project(text='task = "monitor" #')
    trained = asked("model", "train", "--project", str(made.folder), "--quiet", "--track", "off", "--by", "anna",
                    "--start", "2024-03-01 06:00", "--end", "2024-03-01 06:10")
    shown = asked("model", "leaderboard", "--project", str(made.folder))
    first = shown["rows"][0]
    assert first["name"] == trained["learner"] and first["state"] == "recommended"
    assert first["cost"]["p99_ns"] == trained["latency_ns"][1] and shown["about"]["bundle"] == trained["bundle"]
    assert len(shown["rows"]) > 3 and trained["leaderboard"]["rows"] == shown["rows"]
