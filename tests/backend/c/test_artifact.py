"""What ``compile`` makes: repeatable, to be taken away, and never run on a processor that lacks its instructions."""

from __future__ import annotations

import gc
import json
import re
import subprocess
import zipfile
from dataclasses import replace
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


HOSTILE = ["*/ int injected = 1; /*", "*/\n#error\n/*", "\u202eback", "??/", "a\nb", "q" * 300, "t0", "i0", "b0", "w0",
           "k0", " float32", "\0float32", "long", "window_at0", "a_b_1", "a b", "s", "ls_exp", "step_t"]


@pytest.mark.parametrize("architecture", ["any", "aarch64"])
def test_no_name_of_an_output_or_state_becomes_code_or_meets_a_name_of_the_program(architecture: str) -> None:
    g = StepBuilder(2)
    window = g.sum(g.square(g.window("window", g.x, 300)), axis=1)
    value = g.tanh(g.project(g.ewma("a-b", g.x, 0.5), np.eye(2)))
    made = g.model({"w": g.add(g.ewma("a_b_0", g.x, 0.25), window),
                    **{name: g.add(value, float(n)) for n, name in enumerate(HOSTILE)}})
    artifact = C.compile(made, replace(PC, architecture=architecture))
    assert b"int injected" not in re.sub(rb"(?s)/\*.*?\*/", b"", archive.unpack(artifact)["step.h"])
    assert_equal(C.load(artifact, signature(made), PC), ReferenceEngine(made), inputs()[:20, :2])


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


def spoilt(made: bytes, **files: bytes) -> bytes:
    return archive.pack(archive.unpack(C.compile(made, PC)) | {name.replace("_", "."): data
                                                              for name, data in files.items()})


def lying(made: bytes, **said: object) -> bytes:
    layout = archive.layout(archive.unpack(C.compile(made, PC)))
    return spoilt(made, layout_json=json.dumps(layout | said).encode())


@pytest.mark.parametrize("share", [0.0, 0.001, 0.1, 0.3, 0.6])
def test_a_library_that_is_cut_off_is_refused_and_does_not_end_the_process(share: float) -> None:
    made = graph("ewma")
    library = archive.unpack(C.compile(made, PC))["step.so"]
    with pytest.raises(EnvironmentFailed, match="its library"):
        C.load(spoilt(made, step_so=library[:int(len(library) * share)]), signature(made), PC)


def test_a_library_that_is_none_or_of_another_processor_is_refused_with_the_reason() -> None:
    made = graph("ewma")
    library = archive.unpack(C.compile(made, PC))["step.so"]
    for wrong in (b"junk" * 1000, library[:18] + b"\x28\x00" + library[20:]):
        with pytest.raises(EnvironmentFailed, match="can't be loaded on this machine"):
            C.load(spoilt(made, step_so=wrong), signature(made), PC)


@pytest.mark.parametrize("said", [
    {"size": 8}, {"size": 10**13}, {"size": -4}, {"x": -4096}, {"x": 1 << 40}, {"x": 2}, {"quality": "here"},
    {"outputs": {}}, {"outputs": {"y": 1 << 20}}, {"states": []}, {"states": None}, {"operations": None}])
def test_a_layout_never_reaches_out_of_its_struct(said: dict[str, object]) -> None:
    made = graph("ewma")
    with pytest.raises(Refused, match=r"its layout|outputs and states are not those"):
        C.load(lying(made, **said), signature(made), PC)


@pytest.mark.parametrize("said", [{"size": 10**9}, {"order": [7]}, {"order": []}, {"span": 10**6}, {"first": -1},
                                  {"position": 1 << 30}, {"shape": [1 << 30]}, {"offset": -8}])
def test_a_state_never_reaches_out_of_its_struct(said: dict[str, object]) -> None:
    made = graph("long window")
    states = archive.layout(archive.unpack(C.compile(made, PC)))["states"]
    with pytest.raises(Refused, match=r"its layout|outputs and states are not those"):
        C.load(lying(made, states=[states[0] | said, *states[1:]]), signature(made), PC)


def test_a_layout_for_another_struct_than_the_librarys_is_refused() -> None:
    made = graph("ewma")
    size = archive.layout(archive.unpack(C.compile(made, PC)))["size"]
    with pytest.raises(Refused, match="not of one struct"):
        C.load(lying(made, size=size + 64), signature(made), PC)


@pytest.mark.parametrize("layout", [b"", b"{", b"[]", b"null", b"[" * 100_000])
def test_a_layout_that_is_none_is_refused(layout: bytes) -> None:
    made = graph("ewma")
    with pytest.raises(Refused, match="no artifact of the c backend"):
        C.load(spoilt(made, layout_json=layout), signature(made), PC)


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="counts what Linux maps")
def test_an_engine_that_is_gone_gives_back_its_code_and_a_step_that_is_kept_keeps_its_memory() -> None:
    made = graph("ewma")
    artifact = C.compile(made, PC)

    def mapped() -> int:
        return Path("/proc/self/maps").read_text("utf-8").count("lineshaft-step")

    gc.collect()
    before = mapped()
    for _ in range(20):
        C.load(artifact, signature(made), PC).step()
    gc.collect()
    assert mapped() == before
    step = C.load(artifact, signature(made), PC).step
    gc.collect()
    step()
    assert mapped() > before


def test_a_compiler_that_hangs_or_is_no_program_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = tmp_path / "cc"
    fake.write_text("#!/bin/sh\nexec sleep 60\n", "utf-8")
    fake.chmod(0o755)
    monkeypatch.setattr(build, "LONGEST", 0.2)
    with pytest.raises(EnvironmentFailed, match="did not end within"):
        build.compile_(str(fake), ["-c", "step.c"], str(tmp_path))
    fake.write_text("no program", "utf-8")
    with pytest.raises(EnvironmentFailed, match="can't be run"):
        build.compile_(str(fake), ["-c", "step.c"], str(tmp_path))
