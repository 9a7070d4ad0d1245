"""The random graphs themselves: valid, of every operator, and judged alike by two independent engines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import HealthCheck, Phase, find, given, note, settings
from hypothesis import strategies as st
from tests.fuzz.graphs import KINDS, STEPS, Case, build, cases

from lineshaft.backend import backend, target
from lineshaft.core.step import Array, Engine
from lineshaft.graph.check import problems, signature
from lineshaft.graph.operators import FOREST, OPERATORS
from lineshaft.graph.reference import ReferenceEngine

INTEGER = frozenset("DequantizeLinear DynamicQuantizeLinear MatMulInteger QuantizeLinear".split())


def run(engine: Engine, case: Case) -> dict[str, list[Array]]:
    found: dict[str, list[Array]] = {port.name: [] for port in engine.signature.outputs}
    for x, quality in zip(case.x, case.quality, strict=True):
        engine.x[...], engine.quality[...] = x, quality
        engine.step()
        for name, seen in found.items():
            seen.append(np.array(engine.out[name]))
    return found


def test_the_steps_write_every_float_operator() -> None:
    assert frozenset().union(*KINDS.values()) | INTEGER == OPERATORS | {FOREST}


@pytest.mark.parametrize("name", STEPS)
def test_a_step_can_write_each_operator_it_declares(name: str) -> None:
    """Searches the draws of this one step, so a step that can't give what it declares fails here."""
    @st.composite
    def alone(draw: Callable[[st.SearchStrategy[Any]], Any]) -> set[str]:
        return {n.op_type for n in onnx.load_from_string(build(draw, 4, [name])).graph.node}

    for kind in KINDS[name]:
        assert kind in find(alone(), lambda kinds, kind=kind: kind in kinds,  # type: ignore[misc]
                            settings=settings(max_examples=400, database=None, deadline=None,
                                              phases=[Phase.generate]))


@settings(max_examples=40, deadline=None,
          suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(cases())
def test_they_are_step_graphs_on_which_the_reference_and_the_backend_agree(case: Case) -> None:
    note(str(case))
    assert problems(case.graph) == ()
    assets = case.x.shape[1]
    ours = run(backend("onnxruntime").load(case.graph, signature(case.graph), target("pc"), assets=assets), case)
    with np.errstate(all="ignore"):
        expected = run(ReferenceEngine(case.graph, assets), case)
    for name, seen in expected.items():
        for tick, value in enumerate(seen):
            assert np.isfinite(value).all()
            assert np.allclose(ours[name][tick], value, rtol=1e-5, atol=1e-5), (name, tick)
