"""The works, built once; those who change it take a copy."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.console.works import Opened, build, opened

from lineshaft.app.project import Project


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return build(tmp_path_factory.mktemp("works"))


@pytest.fixture
def project(built: Project, tmp_path: Path) -> Project:
    shutil.copytree(built.folder, tmp_path / "works")
    return Project.open(tmp_path / "works")


@pytest.fixture
def console(project: Project) -> Iterator[Opened]:
    with opened(project.folder) as found:
        yield found
