"""Two projects may share a history; two nodes of one name may not deliver to it at once."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from lineshaft.app.keeper import Keeper
from lineshaft.app.project import Project
from lineshaft.app.talk import Talk
from lineshaft.app.template import template
from lineshaft.core.errors import EnvironmentFailed


def keeper(folder: Path, history: Path, name: str) -> Keeper:
    folder.mkdir()
    text = template("plant.csv", name=folder.name).replace('history = "history"', f'history = "{history}"')
    (folder / "lineshaft.toml").write_text(text.replace('name = "node1"', f'name = "{name}"'), "utf-8")
    project = Project.open(folder)
    assert (project.folder / project.config.history, project.config.node.name) == (history, name)
    with project.historian() as historian:
        return Keeper(project, historian, Talk(quiet=True), asyncio.Event())


def test_of_two_nodes_with_one_name_one_delivers_and_the_other_is_told_what_to_do(tmp_path: Path) -> None:
    history = tmp_path / "history"
    first, second, third = (keeper(tmp_path / folder, history, name)
                            for folder, name in (("a", "node1"), ("b", "node1"), ("c", "node2")))
    with first.by_this_name():
        with pytest.raises(EnvironmentFailed, match=r"delivers as node1.*another name under"):
            second.by_this_name().__enter__()
        with third.by_this_name():
            pass
    with second.by_this_name():
        pass
