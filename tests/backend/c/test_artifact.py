"""What ``compile`` makes: repeatable, to be taken away, and never run on a processor that lacks its instructions."""

from __future__ import annotations

import json
import subprocess
import zipfile
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from tests.backend.c.small import graph
from tests.backend.c.test_operators import assert_equal, inputs

from lineshaft.backend import backend, target
from lineshaft.backend._c import archive, build
from lineshaft.core.errors import EnvironmentFailed, Refused
from lineshaft.graph.builder import StepBuilder
from lineshaft.graph.check import signature
from lineshaft.graph.reference import ReferenceEngine

PC, PI, C = target("pc"), target("raspberry-pi"), backend("c")


def test_equal_graphs_give_equal_artifacts() -> None:
    made = graph("Conv streaming")
    assert C.compile(made, PC) == C.compile(made, PC)


def test_header_and_source_are_all_that_a_firmware_needs(tmp_path: Path) -> None:
    with zipfile.ZipFile(BytesIO(C.compile(graph("long window"), PC))) as artifact:
        for name in ("step.c", "step.h"):
            artifact.extract(name, tmp_path)
    build.compile_(build.compiler(), [*build.STRICT, "-ffreestanding", "-O2", "-c", "step.c", "-o", "step.o"],
                   str(tmp_path))
    wanted = subprocess.run(["nm", "-u", "step.o"], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert set(wanted.split()) - {"U"} <= {"memcpy", "memset", "memmove"}  # which a freestanding compiler may call


def test_a_library_for_other_instructions_is_compiled_again_or_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    made = graph("ewma")
    files = archive.unpack(C.compile(made, PC))
    layout = archive.layout(files) | {"needs": ["an instruction of tomorrow"]}
    foreign = archive.pack(files | {"layout.json": json.dumps(layout).encode(), "step.so": b"not for here"})
    assert_equal(C.load(foreign, signature(made), PC), ReferenceEngine(made), inputs()[:5])
    monkeypatch.setattr(build, "compiler", lambda wanted="": "")
    with pytest.raises(EnvironmentFailed, match="another processor"):
        C.load(foreign, signature(made), PC)


def test_without_a_compiler_there_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "compiler", lambda wanted="": "")
    assert C.supports(graph("ewma"), PC).reasons == ("no C compiler (cc, gcc or clang) is installed",)


@pytest.mark.parametrize("artifact", [b"", b"PK\3\4 no archive", b"x" * 100])
def test_what_is_no_artifact_is_refused(artifact: bytes) -> None:
    with pytest.raises(Refused, match="no artifact of the c backend"):
        C.load(artifact, signature(graph("ewma")), PC)


def test_a_board_that_is_not_this_machine_runs_the_same_c_here_and_says_so() -> None:
    made = graph("Conv streaming")
    artifact = C.compile(made, PI)
    assert "instead of aarch64" in C.facts(artifact, PI).emulator
    assert_equal(C.load(artifact, signature(made), PI), ReferenceEngine(made), inputs()[:30])


def test_names_that_c_does_not_know_are_no_obstacle() -> None:
    g = StepBuilder(2)
    made = g.model({"int": g.ewma("a-b", g.x, 0.5), "a.b": g.ewma("a b", g.x, 0.25), "größe": g.tanh(g.x)})
    engine, reference = C.load(C.compile(made, PC), signature(made), PC), ReferenceEngine(made)
    for each in (engine, reference):
        each.x[0] = 1.0, -2.0
        each.step()
    assert all(np.allclose(engine.out[name], reference.out[name]) for name in ("int", "a.b", "größe"))


def test_engines_of_one_artifact_have_their_own_state() -> None:
    made = graph("ewma")
    artifact = C.compile(made, PC)
    one, other = (C.load(artifact, signature(made), PC) for _ in range(2))
    one.x[0] = 1.0
    one.step()
    other.step()
    assert one.out["y"].any() and not other.out["y"].any()


def test_constants_too_many_to_be_text_lie_in_a_file_of_their_own() -> None:
    g = StepBuilder(600)
    made = g.model({"y": g.project(g.x, np.random.default_rng(0).normal(size=(600, 600)))})
    files = archive.unpack(C.compile(made, PC))
    assert len(files["constants.bin"]) >= 600 * 600 * 4 and len(files["step.c"]) < 10_000
    x = np.random.default_rng(1).normal(size=(2, 600)).astype(np.float32)
    assert_equal(C.load(archive.pack(files), signature(made), PC), ReferenceEngine(made), x, 1e-4)
