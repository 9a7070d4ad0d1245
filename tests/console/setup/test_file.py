"""The file is written whole, by one person at a time, and only where set-up has business."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lineshaft.app.config import FILE, load
from lineshaft.app.console.setup import file
from lineshaft.app.console.setup.edit import Change
from lineshaft.app.template import template
from lineshaft.core.errors import EnvironmentFailed, Refused, UsageError

SOURCE = Change(("plant", "source"), "opc.tcp://plc:4840/")


def test_a_folder_without_a_file_gets_the_commented_one(tmp_path: Path) -> None:
    draft = file.drafted(tmp_path, [SOURCE, Change(("tasks", "boiler", "period"), "2s")], loop="boiler")
    assert {line.kind for line in draft.lines} == {"add"}
    file.write(tmp_path, draft)
    config = load(tmp_path / FILE)
    assert config.plant.source == "opc.tcp://plc:4840/" and config.tasks["boiler"].period == "2s"
    assert "# what the model is for" in (tmp_path / FILE).read_text("utf-8")
    assert "keys/" in (tmp_path / ".gitignore").read_text("utf-8")
    assert sorted(path.name for path in tmp_path.iterdir()) == [".gitignore", FILE]


def test_the_difference_is_shown_with_its_surroundings(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(template(), "utf-8")
    draft = file.drafted(tmp_path, [SOURCE])
    changed = [line for line in draft.lines if line.kind != "same"]
    assert [line.kind for line in changed] == ["remove", "add"]
    assert changed[1].text == 'source = "opc.tcp://plc:4840/"'
    assert template().splitlines()[changed[0].number - 1] == changed[0].text
    assert 0 < sum(line.kind == "same" for line in draft.lines) <= 2 * file.AROUND


def test_a_file_that_somebody_changed_meanwhile_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(template(), "utf-8")
    draft = file.drafted(tmp_path, [SOURCE])
    (tmp_path / FILE).write_text(template(period="5s"), "utf-8")
    with pytest.raises(Refused, match="changed meanwhile"):
        file.write(tmp_path, draft)
    assert (tmp_path / FILE).read_text("utf-8") == template(period="5s")


def test_a_file_that_somebody_made_meanwhile_is_left_alone(tmp_path: Path) -> None:
    draft = file.drafted(tmp_path, [SOURCE])
    (tmp_path / FILE).write_text(template(period="5s"), "utf-8")
    with pytest.raises(Refused):
        file.write(tmp_path, draft)
    assert (tmp_path / FILE).read_text("utf-8") == template(period="5s")


@pytest.mark.parametrize("path", [("console", "users"), ("console", "host"), ("key",), ("node", "folder"), ()])
def test_who_may_log_in_is_not_changed_from_a_browser(tmp_path: Path, path: tuple[str, ...]) -> None:
    with pytest.raises(UsageError, match="not changed from here"):
        file.drafted(tmp_path, [Change(path, "x")])


@pytest.mark.parametrize(("change", "said"), [
    (Change(("tasks", "cell", "period"), "soon"), "period"),
    (Change(("tasks", "cell", "perod"), "1s"), "did you mean 'period'"),
    (Change(("plant", "source"), "gopher://x/"), "no connector answers"),
    (Change(("plant", "options", "password"), "x"), "password does not belong"),
    (Change(("tasks", "second"), {"period": "1s"}), "2 tasks where one is possible")])
def test_what_makes_no_valid_file_is_never_written(tmp_path: Path, change: Change, said: str) -> None:
    (tmp_path / FILE).write_text(template(), "utf-8")
    with pytest.raises(UsageError, match=said):
        file.drafted(tmp_path, [change])


def test_a_file_with_a_mistake_can_be_mended(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text('[plant]\nsource = "gopher://x/"\n[tasks.cell]\n', "utf-8")
    file.write(tmp_path, file.drafted(tmp_path, [SOURCE]))
    assert load(tmp_path / FILE).plant.source == "opc.tcp://plc:4840/"


def test_a_file_that_is_no_toml_is_named_by_its_line(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text('[plant]\nsource = \n', "utf-8")
    with pytest.raises(UsageError, match=r"lineshaft\.toml:2.*not valid TOML"):
        file.drafted(tmp_path, [SOURCE])


def test_the_files_rights_and_a_link_to_it_stay(tmp_path: Path) -> None:
    kept, project = tmp_path / "kept.toml", tmp_path / "project"
    project.mkdir()
    kept.write_text(template(), "utf-8")
    kept.chmod(0o640)
    (project / FILE).symlink_to(kept)
    file.write(project, file.drafted(project, [SOURCE]))
    assert (project / FILE).is_symlink() and load(kept).plant.source == "opc.tcp://plc:4840/"
    assert kept.stat().st_mode & 0o777 == 0o640


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_is_a_sentence(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(EnvironmentFailed, match="can't be written"):
        file.write(tmp_path, file.drafted(tmp_path, [SOURCE]))
