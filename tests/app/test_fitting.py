"""A node takes an engine by what it does here, not by what its certificate says."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.app.sealed import bundle, keys

from lineshaft.app.edge import Place, open_node
from lineshaft.app.fitting import seated
from lineshaft.bundle.contents import Bundle, Lowering
from lineshaft.bundle.inspect import look
from lineshaft.core.errors import EnvironmentFailed, Refused
from lineshaft.core.manifest import Budget


def made() -> Bundle:
    return look(bundle()).bundle


def with_artifact(found: Bundle, backend: str, artifact: bytes) -> Bundle:
    def changed(one: Lowering) -> Lowering:
        return replace(one, artifact=artifact) if one.certificate.backend == backend else one

    return replace(found, lowerings=tuple(changed(one) for one in found.lowerings))


def test_the_engine_is_measured_here_beside_what_was_certified() -> None:
    found = seated(made(), "pc")
    fit = found.fit
    assert fit.certified_ns == found.lowering.certificate.latency_ns
    assert 0 < fit.latency_ns[0] <= fit.latency_ns[3]
    assert fit.differs == {} and fit.passed_over == {}
    assert not any(value.any() for value in found.engine.state().values())


def test_a_backend_that_does_not_load_here_gives_way_to_the_next_and_is_named() -> None:
    whole = made()
    if len(whole.lowerings) < 2:
        pytest.skip("there is no compiler here, so the bundle has one backend")
    first, second = [one.certificate.backend for one in whole.lowerings]
    found = seated(with_artifact(whole, first, b"broken"), "pc")
    assert found.fit.backend == second
    assert list(found.fit.passed_over) == [first]


def test_a_backend_that_nobody_knows_here_gives_way_to_the_next() -> None:
    whole = made()
    first = whole.lowerings[0]
    strange = replace(first, certificate=replace(first.certificate, backend="a-backend-of-tomorrow"))
    found = seated(replace(whole, lowerings=(strange, *whole.lowerings)), "pc")
    assert found.fit.backend == first.certificate.backend
    only = replace(whole, lowerings=(strange,))
    with pytest.raises(Refused, match="no backend is called 'a-backend-of-tomorrow'"):
        seated(only, "pc")


def test_no_engine_that_works_is_refused_with_the_reason_of_each() -> None:
    broken = made()
    for one in broken.lowerings:
        broken = with_artifact(broken, one.certificate.backend, b"broken")
    with pytest.raises(Refused, match="onnxruntime: ") as refusal:
        seated(broken, "pc")
    assert refusal.value.do.startswith("certify it on this machine")


def test_a_step_that_is_too_slow_here_is_refused_whatever_the_certificate_says() -> None:
    found = made()
    hasty = replace(found, manifest=replace(found.manifest, budget=Budget(1, found.manifest.budget.memory_bytes)))
    with pytest.raises(Refused, match="longer than the deadline of 1 ns"):
        seated(hasty, "pc")


def test_another_machine_is_named_by_what_differs() -> None:
    whole = made()
    moved = tuple(replace(one, certificate=replace(one.certificate, machine={**one.certificate.machine, "cpu": "Z80"}))
                  for one in whole.lowerings)
    assert seated(replace(whole, lowerings=moved), "pc").fit.differs["cpu"].endswith(" here, Z80 there")


def test_a_bundle_for_another_target_says_for_which() -> None:
    with pytest.raises(Refused, match=r"is not certified for target plc, only for .* on pc"):
        seated(made(), "plc")


def test_a_node_tells_what_it_runs_on(tmp_path: object) -> None:
    from pathlib import Path

    node = open_node(bundle(), Place(Path(str(tmp_path)), (keys()[1],)))
    try:
        engine = node.status()["engine"]
    finally:
        node.close()
    assert isinstance(engine, dict)
    assert engine["target"] == "pc" and engine["latency_ns"][0] > 0


def test_memory_that_runs_out_is_no_verdict_on_the_bundle(monkeypatch: pytest.MonkeyPatch) -> None:
    from lineshaft import backend as backends

    class Starved:
        def load(self, *_: object) -> None:
            raise ImportError("onnxruntime.so: failed to map segment from shared object")

    monkeypatch.setattr(backends, "backend", lambda name: Starved())
    with pytest.raises(EnvironmentFailed, match="memory ran out"):
        seated(made(), "pc")
