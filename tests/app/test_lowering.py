"""A graph is lowered for a target: each backend is certified or says why not, and the quickest form is kept."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.app.sealed import bundle

from lineshaft.app import lowering
from lineshaft.app.forms import REWRITTEN, WRITTEN, Form, offered
from lineshaft.app.lowering import lower, passed, supported
from lineshaft.backend import backend, target
from lineshaft.bundle.inspect import look
from lineshaft.core.errors import Refused
from lineshaft.core.golden import Golden
from lineshaft.graph.builder import StepBuilder
from lineshaft.graph.check import signature
from lineshaft.graph.reference import golden

PC = target("pc")


def averaged(length: int = 32) -> bytes:
    """A mean over a window: what the rewrites turn into a running sum, with states of its own."""
    g = StepBuilder(2)
    level = g.reshape(g.mean(g.window("window", g.x, length), axis=0), (2,))
    score = g.sum(g.square(level))
    return g.model({"score": score, "alarm": g.number(g.greater(score, 2.0))})


def sequences(graph: bytes) -> list[Golden]:
    x = np.random.default_rng(0).normal(size=(120, 2)).astype(np.float32)
    return [golden(graph, x, np.ones_like(x))]


def test_every_backend_of_a_target_is_certified_or_says_why_not() -> None:
    where = replace(PC, backends=("hls", "onnxruntime"))
    no, yes = lower(averaged(), sequences(averaged()), where)
    assert no.lowering is None and "precision float32" in no.reason
    assert yes.lowering is not None and yes.lowering.certificate.backend == "onnxruntime"
    assert yes.lowering.certificate.artifact_bytes == len(yes.lowering.artifact)
    assert [one.reason == "" for one in supported(averaged(), where)] == [False, True]


def test_a_target_without_any_backend_is_refused_with_every_reason() -> None:
    where = replace(PC, backends=("hls",), name="odd")
    with pytest.raises(Refused, match=r"no backend of target odd runs this graph as promised: hls: .*precision"):
        passed(lower(averaged(), sequences(averaged()), where), where="loop")


def test_a_certificate_names_the_states_of_the_form_that_was_compiled() -> None:
    graph = averaged()
    forms, _ = offered(graph, backend("onnxruntime"), PC)
    assert [form.name for form in forms] == [REWRITTEN, WRITTEN]
    assert signature(forms[0].graph).states != signature(graph).states
    found = lower(graph, sequences(graph), replace(PC, backends=("onnxruntime",)))[0].lowering
    assert found is not None
    certificate = found.certificate
    own = certificate.signature(signature(graph))
    engine = backend("onnxruntime").load(found.artifact, own, PC)
    engine.step()
    kept = next(form for form in forms if form.name == certificate.conditions["form"])
    assert own.states == signature(kept.graph).states


def test_a_form_that_is_wrong_gives_way_to_the_graph_as_written(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = averaged()
    wrong = averaged(31)
    monkeypatch.setattr(lowering, "offered", lambda *_: ([Form("wrong", wrong), Form(WRITTEN, graph)], ""))
    found = lower(graph, sequences(graph), replace(PC, backends=("onnxruntime",)))[0]
    assert found.lowering is not None and found.lowering.certificate.conditions["form"] == WRITTEN
    monkeypatch.setattr(lowering, "offered", lambda *_: ([Form("wrong", wrong)], ""))
    refused = lower(graph, sequences(graph), replace(PC, backends=("onnxruntime",)))[0]
    assert refused.lowering is None and "differs from the reference" in refused.reason


def test_what_runs_emulated_is_certified_without_times() -> None:
    pytest.importorskip("lark")
    made = look(bundle()).bundle
    found = lower(made.graph, made.golden[:1], target("plc"))[0]
    assert found.lowering is not None, found.reason
    certificate = found.lowering.certificate
    assert certificate.emulator and certificate.latency_ns == (0, 0, 0, 0)
    assert certificate.flips == 0 and certificate.parity <= 1e-4 and certificate.ram_bytes > 0


def test_every_golden_sequence_of_a_trained_monitor_passes_on_every_backend_of_a_pc() -> None:
    made = look(bundle()).bundle
    assert {one.name for one in made.golden} >= {"operation", "start-up", "extremes", "bias", "freeze"}
    for lowered in made.lowerings:
        assert lowered.certificate.flips == 0
        assert lowered.certificate.parity <= 1e-4
        assert lowered.certificate.bound.parity == PC.parity
