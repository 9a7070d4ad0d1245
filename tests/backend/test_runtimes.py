"""What single runtimes were found to do wrong, and what is done about it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lineshaft.backend import backend, target
from lineshaft.backend._archive import pack, unpack
from lineshaft.core.errors import Refused
from lineshaft.graph.builder import StepBuilder, Wire

PC = target("pc")


def convolution(pads: list[int]) -> bytes:
    g = StepBuilder(4)
    return g.model({"y": g.conv(g.reshape(g.x, (1, 4)), np.ones((1, 1, 2)), pads=pads)})


def double_topk() -> bytes:
    """``TopK`` along the first of two axes, which TensorFlow Lite has not."""
    g = StepBuilder(4)
    best = g.op("TopK", [g.reshape(g.x, (2, 2)), g.constant([1], np.int64)], (1, 2), outputs=2, axis=1)
    return g.model({"y": Wire(best.name, (1, 2))})


def test_openvino_refuses_a_convolution_whose_result_it_leaves_to_chance() -> None:
    pytest.importorskip("openvino")
    assert backend("openvino").supports(convolution([1, 0]), PC)
    assert "as wide as the kernel" in backend("openvino").supports(convolution([2, 0]), PC).reasons[0]


def test_openvino_gets_a_mean_that_a_scale_follows_as_an_input() -> None:
    pytest.importorskip("openvino")
    g = StepBuilder(2)
    z = g.multiply(g.subtract(g.x, np.array([800.0, 1.0])), np.array([100.0, 2.0]))
    files = unpack(backend("openvino").compile(g.model({"z": z}), PC))
    assert sorted(files) == ["held0.npy", "step.bin", "step.xml"]


def test_litert_names_the_operator_and_why_it_is_not_taken() -> None:
    pytest.importorskip("ai_edge_litert")
    reason = backend("litert").supports(double_topk(), PC).reasons[0]
    assert "TopK" in reason
    assert "not along the last axis" in reason


def test_iree_compiles_for_this_machine_only() -> None:
    pytest.importorskip("iree.compiler")
    found = backend("iree").supports(convolution([0, 0]), replace(PC, architecture="cortex-m4"))
    assert "not for cortex-m4" in found.reasons[0]


def test_equal_files_make_equal_archives_and_a_damaged_one_is_refused() -> None:
    files = {"b": b"2", "a": b"1"}
    assert pack(files) == pack(dict(reversed(files.items())))
    assert unpack(pack(files)) == files
    with pytest.raises(Refused, match="damaged"):
        unpack(b"no archive")
