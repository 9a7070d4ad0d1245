"""A project whose plant infers NOX from three tags: recorded from a CSV, learnt by a small task of the tests' own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lineshaft import backend as backends
from lineshaft.app import flow
from lineshaft.app.project import Project
from lineshaft.app.template import template
from lineshaft.connect.registry import open_connector
from lineshaft.core import discovery
from lineshaft.core.clock import SECOND
from lineshaft.core.target import Target
from lineshaft.model import learning

ROWS, START = 600, 1_709_272_800 * SECOND
TASKS = {"infer": "tests.way.soft"}


@pytest.fixture
def soft(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The small task in place of ``infer``, found as a third party's would be."""
    found = discovery._foreign

    def foreign(package: str) -> dict[str, str]:
        return TASKS if package == learning.FAMILY else found(package)

    monkeypatch.setattr(discovery, "_foreign", foreign)
    learning.tasks.cache_clear()
    yield
    learning.tasks.cache_clear()


@pytest.fixture(autouse=True)
def two_backends(monkeypatch: pytest.MonkeyPatch) -> None:
    """The PC with the two backends that matter here: each more is certified for as long again."""
    known = backends.target

    def target(name: str) -> Target:
        return replace(known(name), backends=("c", "onnxruntime"))

    monkeypatch.setattr(backends, "target", target)


def plant(rows: int = ROWS) -> pd.DataFrame:
    """NOX follows temperature and oxygen with some noise; the load has nothing to do with it."""
    random, t = np.random.default_rng(3), np.arange(rows)
    temperature = 1080 + 12 * np.sin(t / 37) + random.normal(0, 1, rows)
    oxygen = 13 + np.cos(t / 23) + random.normal(0, 0.1, rows)
    return pd.DataFrame({
        "temperature": temperature, "oxygen": oxygen, "load": 130 + random.normal(0, 2, rows).cumsum() / 20,
        "NOX [mg/m3]": 60 + 0.5 * (temperature - 1080) - 4 * (oxygen - 13) + random.normal(0, 0.5, rows),
    }, index=pd.date_range("2024-03-01 06:00", periods=rows, freq="s", tz="UTC", name="time"))


def settings(text: str) -> str:
    """A project's file with these lines in its task."""
    return template("plant.csv", name="works").replace('task = "monitor" ', text)


@pytest.fixture
def project(tmp_path: Path, soft: None) -> Callable[..., Project]:
    """Records ``frame`` into a project's history, as ``lineshaft run`` does."""

    def build(frame: pd.DataFrame | None = None, text: str = 'task = "infer"\npredict = "NOX"\n#') -> Project:
        (plant() if frame is None else frame).to_csv(tmp_path / "plant.csv")
        (tmp_path / "lineshaft.toml").write_text(settings(text), "utf-8")
        made = Project.open(tmp_path)
        asyncio.run(_recorded(made))
        return made

    return build


async def _recorded(project: Project) -> None:
    connector = open_connector(project.source, guard=None, **project.options)
    await connector.open()
    try:
        tags = project.choose(await connector.browse())
        with project.historian() as historian:
            historian.register(tags)
            await flow.record(connector.subscribe(tags, project.recipe.period_ns), historian, 2**62)
    finally:
        await connector.close()


@pytest.fixture
def asked(capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """A command's JSON; it must end with 0."""
    import json

    from lineshaft.app.cli import main

    def ask(*words: str) -> Any:
        capsys.readouterr()
        code = main([*words, "-o", "json"])
        shown = capsys.readouterr()
        assert code == 0, shown.err
        return json.loads(shown.out)

    return ask
