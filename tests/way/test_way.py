"""A task with an answer from lineshaft.toml to decisions with values in history, with real parts all the way."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from tests.way.conftest import START, plant

from lineshaft.app import edge, flow
from lineshaft.app.answering import answered
from lineshaft.app.project import Project
from lineshaft.bundle.inspect import look
from lineshaft.core.answer import Answer
from lineshaft.core.clock import SECOND, ManualClock
from lineshaft.core.sample import Samples
from lineshaft.feedback.decisions import decisions
from lineshaft.node.agent import Node, NodeSettings

Make = Callable[..., Project]
Ask = Callable[..., Any]


def test_from_a_recorded_export_to_values_in_history(project: Make, asked: Ask, tmp_path: Path) -> None:
    made = project()
    trained = asked("model", "train", "--project", str(made.folder), "--quiet")
    assert trained["task"] == "infer" and trained["learner"] == "ridge"
    assert trained["figures"]["held_out_rmse"] < 2.0 and trained["flips"] == 0
    bundle = look(Path(trained["bundle"])).bundle
    assert {tag.path for tag in bundle.manifest.tags} == {"temperature", "oxygen", "load"}
    assert bundle.manifest.answers == (Answer("NOX", "mg/m3"),)
    assert {one.name for one in bundle.golden} >= {"operation", "start-up", "extremes"}
    assert all({"value", "known", "score"} <= one.outputs.keys() for one in bundle.golden)
    for word in ("naive mean", "Infers NOX from 3 other tags", "held out rmse", "known is false"):
        assert word in bundle.card

    with made.historian() as historian:
        held = answered(made, historian, bundle, bundle.manifest.version)
    assert held is not None and len(held.times) == 180 and held.measured.shape == held.value.shape
    assert held.naive_name == "naive mean" and held.loss < 4.0 < held.naive_loss
    assert {one.tag for one in held.weights[:2]} == {"temperature", "oxygen"} and held.weights[2].share < 0.01
    assert held.board is not None and held.board.rows[0].name == "ridge"

    rehearsed = asked("model", "rehearse", "--project", str(made.folder), "--quiet", "--start", "2024-03-01 06:02",
                      "--end", "2024-03-01 06:05")
    assert rehearsed["values"]["known"] > 0.8 and rehearsed["values"]["answers"][0]["name"] == "NOX"
    assert 30 < rehearsed["values"]["answers"][0]["value"][0] < 90

    decided = live(edge.load(Path(trained["bundle"]), edge.Place(tmp_path / "node", (made.key.with_suffix(".pub"),))),
                   made, plant())
    sure = [one for one in decided if one.known]
    assert len(decided) > 500 and len(sure) > 400
    truth = plant()["NOX [mg/m3]"].to_numpy()
    said = np.array([one.values[0] for one in sure])
    wanted = np.array([truth[(one.time - START) // SECOND - 1] for one in sure])
    assert np.abs(said - wanted).mean() < 2.0
    assert all(one.low[0] <= one.values[0] <= one.high[0] for one in sure)


def live(loaded: Any, made: Project, frame: pd.DataFrame) -> list[Any]:
    """The rows through a real node, whose outbox is delivered into the project's history, and read from there."""
    clock = ManualClock(START)
    node = Node(loaded, made.node_folder, asset="works", clock=clock, settings=NodeSettings(control_port=None))
    tags = tuple(tag.path for tag in loaded.manifest.tags)
    node.start()
    try:
        for row in frame[list(tags)].to_numpy():
            clock.advance(SECOND)
            node.feed(Samples.row(tags, clock.now(), row))
            node.poll()
        status = node.status()
        assert node.buffer.flush()
        with made.historian() as historian:
            flow.deliver(node.outbox(limit=10_000), historian, "node1")
            found = decisions(historian, made.loop, "works", 0, 2**62, answers=loaded.manifest.answers)
            units = {tag.path: tag.unit for tag in historian.tags()}
    finally:
        node.close()
    assert units[f"decision/{made.loop}/works/value/NOX"] == "mg/m3"
    assert "NOX" in str(status["answer"])
    return found
