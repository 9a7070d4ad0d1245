"""Concept drift of a task with an answer: its errors against the truth that was recorded later."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
from tests.way.conftest import ROWS, START, plant

from lineshaft.app import drifting, training
from lineshaft.app.drift_truth import told
from lineshaft.app.project import Project
from lineshaft.bundle.certify import certify
from lineshaft.core.clock import SECOND, ManualClock
from lineshaft.core.quality import GOOD
from lineshaft.core.sample import Samples

MOVED = 1000


def later(project: Project, moved: float) -> None:
    """700 more seconds, in which NOX reads more by ``moved`` from second 1,000 on."""
    frame = plant(1300)
    with project.historian() as historian:
        paths = ("temperature", "oxygen", "load", "NOX")
        assert set(paths) <= {tag.path for tag in historian.tags()}
        values = frame.to_numpy().copy()
        values[MOVED:, 3] += moved
        times = START + SECOND * np.arange(ROWS, 1300)
        for place in range(4):
            historian.append(Samples(paths, np.full(len(times), place, np.int32), times, values[ROWS:, place],
                                     np.full(len(times), GOOD, np.uint32)))


@pytest.mark.parametrize("moved", [0.0, 4.0])
def test_errors_that_grow_against_later_truth_are_dated(project: Callable[..., Project], moved: float,
                                                        monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lineshaft.app.lowering.certify", partial(certify, clock=ManualClock()))
    made = project()
    with made.historian() as historian:
        training.train(made, historian)
    later(made, moved)
    with made.historian() as historian:
        measured = drifting.measure(made, historian, 1, 600 * SECOND)
    found = measured.truth
    assert measured.same_data  # what came later is none of what it learnt from
    assert found is not None and found.rows >= 590
    assert len(found.parts) == 60 and not found.of_classes
    if moved:
        assert found.begin is not None and abs(found.begin - (START + MOVED * SECOND)) <= 20 * SECOND
        assert found.now > 2 * found.before and "it differs since" in told(found)[0]
    else:
        assert found.begin is None and "no change beyond chance" in told(found)[0]
