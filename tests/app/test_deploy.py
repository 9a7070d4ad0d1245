"""Who decides, by a person's word: with a node in the house and without one."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from lineshaft.app import edge, training
from lineshaft.app.cli import main
from lineshaft.app.deploy import Deciding, deploy, promote, roll_back, shadow
from lineshaft.app.project import Project
from lineshaft.app.template import template
from lineshaft.core.clock import SECOND
from lineshaft.core.errors import EnvironmentFailed, Refused, UsageError
from lineshaft.core.sample import Samples
from lineshaft.core.tag import Tag
from lineshaft.node.agent import Node

START = 1_700_000_000 * SECOND
TAGS = tuple(f"cell/{name}" for name in "abc")
pytestmark = pytest.mark.usefixtures("untimed")


@pytest.fixture
def project(trained: Path, tmp_path: Path) -> Project:
    """A project of one's own with two bundles that nobody has deployed."""
    shutil.copytree(trained, tmp_path, dirs_exist_ok=True)
    return Project.open(tmp_path)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, untimed_module: None) -> Path:
    """The folder of such a project, which nobody changes."""
    folder, rng = tmp_path_factory.mktemp("trained"), np.random.default_rng(20260101)
    text = template(name="works", learn="by hand").replace('# learner = "auto"', 'learner = "zscore"')
    (folder / "lineshaft.toml").write_text(text, "utf-8")
    project = Project.open(folder)
    with project.historian() as historian:
        historian.register([Tag(tag, address=tag) for tag in TAGS])
        historian.append(Samples.rows(TAGS, START + SECOND * np.arange(600), rng.normal(size=(600, 3))))
        training.declare_normal(project, historian, START, START + 600 * SECOND, "anna", "")
        for _ in range(2):
            training.train(project, historian)
    return folder


class Ticking:
    """A node of the project that is fed and ticks on a thread."""

    def __init__(self, project: Project) -> None:
        place = edge.Place(project.node_folder, (project.key.with_suffix(".pub"),))
        self.node: Node = edge.open_node(project.bundles()[1], place)
        self.node.start()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        node = self.node
        while not self._stop.wait(0.02):
            node.feed(Samples.row(TAGS, time.time_ns(), np.zeros(3)))
            node.loop.tick(node.grid.take())

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
        self.node.close()


@pytest.fixture
def node(project: Project) -> Iterator[Node]:
    ticking = Ticking(project)
    yield ticking.node
    ticking.close()


def test_without_a_node_a_bundle_is_deployed_for_its_next_start(project: Project) -> None:
    assert project.decides() is None
    found = deploy(project, Path("cell-2"))
    assert found.name == "cell-2" and not found.running
    assert project.decides() == project.bundles()[2]
    assert deploy(project, project.bundles()[1]).name == "cell-1", "nothing runs that it could be older than"
    assert project.decides() == project.bundles()[1]


def test_a_running_node_takes_it_over_at_once_and_goes_back(project: Project, node: Node) -> None:
    first = node.loop.bundle.digest
    found = deploy(project, project.bundles()[2])
    assert found == Deciding("cell-2", node.loop.bundle.digest, True)
    assert found.digest != first and project.decides() == project.bundles()[2]
    assert deploy(project, project.bundles()[2]) == found, "it decides already"
    assert roll_back(project) == Deciding("cell-1", first, True)
    assert project.decides() == project.bundles()[1]


def test_what_the_node_refuses_changes_nothing_and_says_why(project: Project, node: Node) -> None:
    deploy(project, project.bundles()[2])
    with pytest.raises(Refused, match="version 1 is not newer than 2"):
        deploy(project, project.bundles()[1])
    assert project.decides() == project.bundles()[2]


def test_a_shadow_decides_once_it_is_promoted(project: Project, node: Node) -> None:
    first = node.loop.bundle.digest
    with pytest.raises(Refused, match="there is no shadow"):
        promote(project)
    assert shadow(project, project.bundles()[2]) == Deciding("cell-1", first, True)
    assert node.loop.shadow is not None and project.decides() == project.bundles()[1]
    assert promote(project).name == "cell-2"
    assert project.decides() == project.bundles()[2]


def test_a_bundle_with_a_changed_byte_is_never_deployed(project: Project) -> None:
    blob = max((project.bundles()[2] / "blobs" / "sha256").iterdir(), key=lambda path: path.stat().st_size)
    blob.chmod(0o644)
    blob.write_bytes(blob.read_bytes()[:-1] + b"!")
    with pytest.raises(Refused):
        deploy(project, Path("cell-2"))
    assert project.decides() is None


def test_what_is_not_there_is_a_sentence(project: Project, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="use one of: cell-1, cell-2"):
        deploy(project, Path("cell-3"))
    with pytest.raises(EnvironmentFailed, match="no node runs in this folder"):
        shadow(project, Path("cell-2"))


def test_the_command_deploys(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bundle", "deploy", "cell-2", "--project", str(project.folder)]) == 0
    assert capsys.readouterr().out == "cell-2 decides once a node starts\n"
