"""Explanations of a task with an answer: of its value as of its score."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
from tests.way.conftest import START

from lineshaft.app import training
from lineshaft.app.explaining import asked, explained
from lineshaft.app.project import Project
from lineshaft.bundle.certify import certify
from lineshaft.core.clock import SECOND, ManualClock, format_time
from lineshaft.model.explain.whatif import Change


def test_the_tags_that_the_answer_comes_from_are_named(project: Callable[..., Project],
                                                       monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lineshaft.app.lowering.certify", partial(certify, clock=ManualClock()))
    made = project()
    when = format_time(START + 500 * SECOND)
    with made.historian() as historian:
        training.train(made, historian)
        found = explained(made, historian, when, output="value", past_ns=200 * SECOND, cases=1)
        other = asked(made, historian, when, [Change("temperature", "+=", 500.0)])
    parts = {part.tag: abs(part.value) for part in found.parts}
    assert parts["load"] < 0.2 * max(parts["temperature"], parts["oxygen"])
    assert sum(part.value for part in found.parts) == pytest.approx(found.said - found.usual, abs=1e-4)
    assert len(found.cases) == 1 and other.would_score[-1] > 1.0 > other.was_score[-1]
