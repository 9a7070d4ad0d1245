"""``lineshaft bundle pack``, ``graph targets`` and ``--autotune``, as a person calls them."""

from __future__ import annotations

import errno
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.app.sealed import bundle, keys

from lineshaft.app import packing
from lineshaft.app.autotune import Tuned, autotune, best
from lineshaft.app.cli import main
from lineshaft.app.cli.command import columns
from lineshaft.app.graphfile import read_graph
from lineshaft.app.lowering import lower
from lineshaft.app.lowering_table import attempt_rows
from lineshaft.app.sizes import certified_line
from lineshaft.backend import target
from lineshaft.bundle.inspect import look
from lineshaft.core.errors import Refused
from lineshaft.core.manifest import Tolerance

PC = target("pc")


def call(*words: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, Any, str]:
    code = main([*words, "-o", "json"])
    said = capsys.readouterr()
    return code, json.loads(said.out) if said.out else None, said.err


def test_a_bundle_is_packed_anew_for_two_targets(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("lark")
    key, public = keys()
    code, found, _ = call("bundle", "pack", str(bundle()), str(tmp_path / "two"), "--target", "pc", "--target", "plc",
                          "--key", str(key), capsys=capsys)
    assert code == 0
    assert {one["target"] for one in found["lowerings"] if not one["reason"]} == {"pc", "plc"}
    new = look(tmp_path / "two", trusted_keys=[public])
    assert new.verdict == "trusted"
    assert (new.bundle.manifest.version, new.bundle.manifest.lineage.parent) == (2, look(bundle()).bundle.digest)
    assert "emulated: " in new.bundle.card and new.bundle.card.count("## Certificates") == 1
    artifact = new.bundle.lowering("st", "plc").artifact.decode()
    assert "FUNCTION_BLOCK" in artifact


@pytest.mark.parametrize(("words", "code", "sentence"), [
    (["--target", "fpga"], 1, "no backend of target fpga runs this graph as promised: hls: "),
    (["--target", "abacus"], 2, "no target is called 'abacus'; use one of: "),
    (["--target", "pc", "--target", "plc", "--autotune"], 2, "--autotune: 2 targets are named"),
    (["--data", "some.csv"], 2, "--data: a bundle has golden sequences of its own; leave it out"),
])
def test_what_can_t_be_packed_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str],
                                              code: int, sentence: str) -> None:
    if words[-1] == "fpga":
        pytest.importorskip("lineshaft.backend.hls")
    found, _, said = call("bundle", "pack", str(bundle()), str(tmp_path / "out"), "--key", str(keys()[0]), *words,
                          capsys=capsys)
    assert (found, not (tmp_path / "out").exists()) == (code, True)
    assert sentence in said.splitlines()[-1]


def test_nothing_is_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, said = call("bundle", "pack", str(bundle()), str(bundle()), "--key", str(keys()[0]), capsys=capsys)
    assert code == 2 and "exists already" in said


def test_a_graph_of_one_s_own_is_packed_with_recorded_data(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from tests.app.sealed import plant

    graph, data = tmp_path / "own.onnx", tmp_path / "press.csv"
    graph.write_bytes(read_graph(bundle()))
    table = plant().table
    rows = [["time", *(tag.path for tag in table.tags)]]
    rows += [[f"2024-03-01T00:{i // 60:02}:{i % 60:02}Z", *map(str, values)]
             for i, values in enumerate(table.runs[0].values.tolist())]
    data.write_text("\n".join(",".join(row) for row in rows))
    words = ["bundle", "pack", str(graph), str(tmp_path / "own-1"), "--key", str(keys()[0])]
    code, _, said = call(*words, capsys=capsys)
    assert code == 2 and "is a graph without tags; give recorded data of its tags with --data" in said
    code, _, said = call(*words, "--data", str(data), "--tag", "flow", capsys=capsys)
    assert code == 2 and "takes 3 channels, and press has 1 tags" in said
    code, found, _ = call(*words, "--data", str(data), "--normal", "400 rows", capsys=capsys)
    assert code == 0 and found["version"] == 1


def test_autotune_takes_the_quickest_that_keeps_the_bounds() -> None:
    parts = packing.of_bundle(bundle())
    target_ = replace(PC, memory_bytes=40 << 20)
    holds = {"onnxruntime": 20 << 20, "c": 1 << 20}
    found = autotune(parts.graph, parts.golden[:1], target_, {}, blocks=2, only=("c", "onnxruntime", "litert"),
                     memory_of=lambda artifact, step, where, name: holds.get(name, 60 << 20))
    kept = [one for one in found if not one.reason]
    assert kept and all(one.p50 <= one.p99 for one in kept)
    assert [one.p99 for one in kept] == sorted(one.p99 for one in kept)
    assert {one.backend for one in kept} <= set(holds)
    assert all("MiB" in one.reason for one in found if one.backend == "litert" and "installed" not in one.reason)
    assert best(found, target_) is found[0]


def test_autotune_without_a_candidate_says_all_reasons() -> None:
    parts = packing.of_bundle(bundle())
    found = autotune(parts.graph, parts.golden[:1], PC, {}, blocks=1, only=("onnxruntime",), tolerance=Tolerance(-1.0),
                     memory_of=lambda *_: 0)
    with pytest.raises(Refused, match=r"no candidate keeps the bounds: .*onnxruntime float32 x1: differs"):
        best(found, PC)
    assert isinstance(found[0], Tuned)


def test_targets_say_yes_or_why_not_for_a_graph(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, found, _ = call("graph", "targets", str(bundle()), capsys=capsys)
    assert code == 0
    answers = {(one["target"], answer["backend"]): answer for one in found for answer in one["backends"]}
    assert answers["pc", "onnxruntime"]["supported"]
    assert all(answer["supported"] or answer["reason"] for answer in answers.values())
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"no graph")
    code, found, _ = call("graph", "targets", str(broken), "--target", "pc", capsys=capsys)
    assert code == 1 and all(answer["reason"] for answer in found[0]["backends"])


def test_targets_without_a_graph_tell_what_is_installed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["graph", "targets"]) == 0
    said = capsys.readouterr().out
    assert "pc: One core of an ordinary industrial PC" in said


def test_a_target_that_nothing_can_be_compiled_for_is_told_before_the_others_are_compiled(
        monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    compiled: list[object] = []
    monkeypatch.setattr(packing, "lower", lambda *_, **__: compiled.append(1))
    parts = packing.of_bundle(bundle())
    with pytest.raises(Refused, match="no backend of target fpga runs this graph"):
        packing.pack_for(parts, [PC, target("fpga")], tmp_path / "out", keys()[0])
    assert not compiled


def test_a_count_that_nobody_made_is_not_shown_as_nothing() -> None:
    parts = packing.of_bundle(bundle())
    (attempt, *_) = lower(parts.graph, parts.golden, replace(target("raspberry-pi"), backends=("c",)))
    assert attempt.lowering is not None
    certificate = attempt.lowering.certificate
    said = "\n".join((certified_line(certificate), *columns(attempt_rows([attempt]))))
    assert certificate.flash_bytes == 0 and "flash" not in said and "0 B" not in said and "RAM" in said


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes with names")
@pytest.mark.parametrize("verb", ["show", "targets"])
def test_a_pipe_is_not_waited_for(tmp_path: Path, capsys: pytest.CaptureFixture[str], verb: str) -> None:
    os.mkfifo(tmp_path / "pipe.onnx")
    assert main(["graph", verb, str(tmp_path / "pipe.onnx")]) == 2
    assert "no such file" in capsys.readouterr().err


@pytest.mark.parametrize("verb", [["show"], ["export", "--out", "nnef"], ["rewrite", "out.onnx"]], ids=lambda v: v[0])
def test_what_is_no_step_graph_is_said_alike_by_every_verb(tmp_path: Path, capsys: pytest.CaptureFixture[str],
                                                           verb: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("junk.onnx").write_bytes(b"junk" * 100)
    assert main(["graph", verb[0], "junk.onnx", *verb[1:]]) == 2
    said = capsys.readouterr().err
    assert said.startswith("lineshaft: junk.onnx: not a step graph: not a valid ONNX model")
    assert "`lineshaft graph import`" in said and len(said.splitlines()) == 1


def test_a_full_disk_is_a_sentence(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
                                   tmp_path: Path) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(packing, "pack_for", full)
    assert main(["bundle", "pack", str(bundle()), str(tmp_path / "out"), "--key", str(keys()[0])]) == 3
    assert "No space left on device; check the disk" in capsys.readouterr().err
