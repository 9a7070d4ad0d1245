"""Logs: their ends, by level and text; nothing outside of their folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from lineshaft.app.console.context import NotFound
from lineshaft.app.console.nodes import logs
from lineshaft.app.project import Project
from lineshaft.app.template import template


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "lineshaft.toml").write_text(template(), "utf-8")
    (tmp_path / "logs").mkdir()
    return Project.open(tmp_path)


def write(project: Project, *lines: str, name: str = "node1.log") -> None:
    (project.logs / name).write_text("".join(f"{line}\n" for line in lines), "utf-8")


def texts(project: Project, **asked: object) -> list[str]:
    return [line.text for line in logs.tail(project, "node1.log", **{"lines": 100, **asked}).lines]  # type: ignore[arg-type]


def test_the_last_lines_come_oldest_first_and_say_that_there_are_more(project: Project) -> None:
    write(project, *(f"line {n}" for n in range(10)))
    found = logs.tail(project, "node1.log", lines=3)
    assert [line.text for line in found.lines] == ["line 7", "line 8", "line 9"] and found.cut
    assert not logs.tail(project, "node1.log", lines=10).cut


def test_lines_are_chosen_by_level_and_by_what_they_hold(project: Project) -> None:
    write(project, "the node runs", "connection lost, retry in 1 s", "lineshaft: the disk is full",
          "Traceback (most recent call last):", '  File "x.py", line 1, in run', "ValueError: no")
    assert texts(project, least="warning")[0] == "connection lost, retry in 1 s"
    assert texts(project, least="error") == ["lineshaft: the disk is full", "Traceback (most recent call last):",
                                             '  File "x.py", line 1, in run', "ValueError: no"]
    assert texts(project, text="NODE") == ["the node runs"]


def test_colours_and_control_characters_are_taken_out(project: Project) -> None:
    write(project, "\x1b[1;31mred\x1b[0m alert\x07", "")
    assert texts(project) == ["red alert"]


def test_a_huge_log_is_read_from_its_end_only(project: Project) -> None:
    write(project, *("x" * 1000 for _ in range(3000)), "the end")
    found = logs.tail(project, "node1.log", lines=1_000_000)
    assert found.cut and found.lines[-1].text == "the end"
    assert sum(len(line.text) for line in found.lines) <= logs.MOST_BYTES
    assert all(len(line.text) in (1000, 7) for line in found.lines)


@pytest.mark.parametrize("name", ["../lineshaft.toml", "..\\lineshaft.toml", "/etc/passwd", "", ".", "other.txt",
                                  "link.log", "folder.log", "node1.log\x00"])
def test_nothing_but_a_log_of_the_list_is_opened(project: Project, name: str) -> None:
    write(project, "fine")
    (project.logs / "other.txt").write_text("secret")
    (project.logs / "link.log").symlink_to(project.folder / "lineshaft.toml")
    (project.logs / "folder.log").mkdir()
    assert [one.name for one in logs.files(project)] == ["node1.log"]
    with pytest.raises(NotFound, match="there is no log"):
        logs.tail(project, name, lines=1)


def test_a_project_that_never_ran_has_no_logs(project: Project) -> None:
    project.logs.rmdir()
    assert logs.files(project) == ()
