"""Random step graphs on every backend against the NumPy reference, as written and rewritten.

``make fuzz`` draws 500 graphs a backend (``LINESHAFT_FUZZ`` says how many); ``make test`` a sample.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import HealthCheck, given, note, settings
from tests.fuzz.graphs import Case, cases

from lineshaft.app.forms import Form, offered
from lineshaft.backend import backend, backends, target, targets
from lineshaft.bundle.replay import distance
from lineshaft.core.step import Array, Engine
from lineshaft.core.target import FLOAT32, Target
from lineshaft.graph.check import signature
from lineshaft.graph.reference import ReferenceEngine

COUNT = int(os.environ.get("LINESHAFT_FUZZ", "0"))
SLOW = {"iree": 10}  # compiles for seconds: a tenth of the graphs
SAMPLE = {"iree": 2, "st": 5, "c": 6}
PARITY = 1e-4


def place(name: str) -> Target | None:
    """A float32 target of a backend that runs on this machine; the PC where none names the backend."""
    own = (target(one) for one in targets())
    named = [one for one in own if name in one.backends and one.precision == FLOAT32 and name != "c"]
    return named[0] if named and name == "st" else target("pc")


def _count(name: str) -> int:
    return COUNT // SLOW.get(name, 1) if COUNT else SAMPLE.get(name, 10)


def said(engine: Engine, case: Case) -> Iterator[dict[str, Array]]:
    with np.errstate(all="ignore"):
        for x, quality in zip(case.x, case.quality, strict=True):
            engine.x[...], engine.quality[...] = x, quality
            engine.step()
            yield {port.name: np.array(engine.out[port.name]) for port in engine.signature.outputs}


def agree(name: str, where: Target, form: Form, case: Case) -> None:
    subject, assets = backend(name), case.x.shape[1]
    artifact = subject.compile(form.graph, where)
    engine = subject.load(artifact, signature(form.graph), where, assets=assets)
    expected = said(ReferenceEngine(case.graph, assets), case)
    for tick, (theirs, ours) in enumerate(zip(expected, said(engine, case), strict=True)):
        for port, value in theirs.items():
            gap = distance(ours[port], value)
            assert gap.max(initial=0.0) <= PARITY, (name, form.name, port, tick, float(gap.max()))


@pytest.mark.parametrize("name", backends())
def test_every_backend_agrees_with_the_reference_on_random_graphs(name: str) -> None:
    where = place(name)
    taken = 0

    @settings(max_examples=_count(name), deadline=None, database=None, derandomize=not COUNT,
              suppress_health_check=list(HealthCheck))
    @given(cases())
    def all_forms(case: Case) -> None:
        nonlocal taken
        note(str(case))
        assert where is not None
        forms, reason = offered(case.graph, backend(name), where)
        assert forms or reason
        taken += bool(forms)
        for form in forms:
            note(form.name)
            agree(name, where, form, case)

    all_forms()
    if not taken:
        pytest.skip(f"{name} took none of the graphs: not installed, or made for another precision")
