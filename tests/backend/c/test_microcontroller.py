"""The same graphs on an emulated Cortex-M4: equal answers, and what they take of flash and RAM."""

from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pytest
from tests.backend.c.small import CHANNELS, graph
from tests.backend.c.test_operators import assert_equal, inputs

from lineshaft.backend import backend, target
from lineshaft.core.errors import Refused
from lineshaft.core.step import Engine
from lineshaft.graph.check import signature
from lineshaft.graph.reference import ReferenceEngine

M4 = target("cortex-m4")
NAMES = ("Erf", "Exp", "Sin", "Sqrt", "Round", "long window", "newest first", "Conv streaming", "TopK of equals",
         "forest", "Softmax", "MatMul chain", "DynamicQuantizeLinear and MatMulInteger", "swapped states")

pytestmark = pytest.mark.skipif(
    not (shutil.which("arm-none-eabi-gcc") and shutil.which("qemu-system-arm")),
    reason="needs arm-none-eabi-gcc and qemu-system-arm")


def engine_of(made: bytes, assets: int = 1) -> Engine:
    c = backend("c")
    return c.load(c.compile(made, M4), signature(made), M4, assets=assets)


@pytest.mark.parametrize("name", NAMES)
def test_an_emulated_cortex_m4_says_what_the_reference_says(name: str) -> None:
    made = graph(name)
    assert_equal(engine_of(made), ReferenceEngine(made), inputs()[:30])


def test_assets_on_a_board_do_not_touch_each_other() -> None:
    made = graph("ewma")
    together, alone = engine_of(made, assets=2), engine_of(made)
    for row in inputs()[:5]:
        together.x[:], together.quality[:] = (row, -row), 1.0
        alone.x[0] = -row
        together.step()
        alone.step()
        assert np.array_equal(together.out["y"][1], alone.out["y"][0])
    assert not np.array_equal(together.out["y"][0], together.out["y"][1])


def test_facts_name_the_emulator_and_count_flash_and_ram() -> None:
    c, made = backend("c"), graph("long window")
    facts = c.facts(c.compile(made, M4), M4)
    assert "QEMU" in facts.emulator and "gcc" in facts.compiler
    assert 100 < facts.flash_bytes < 4096
    assert facts.ram_bytes > 4 * 22 * CHANNELS
    assert "ring" in facts.notes["window w"]


def test_a_target_that_is_too_small_is_refused_with_both_figures() -> None:
    for small, what in ((replace(M4, memory_bytes=256), "RAM"), (replace(M4, flash_bytes=64), "flash")):
        with pytest.raises(Refused, match=f"takes .* bytes of {what}, and cortex-m4 has"):
            backend("c").compile(graph("long window"), small)


def test_a_window_is_shifted_where_a_ring_does_not_fit() -> None:
    c, made = backend("c"), graph("long window")
    small = replace(M4, memory_bytes=2000)
    artifact = c.compile(made, small)
    assert "shift" in c.facts(artifact, small).notes["window w"]
    assert_equal(c.load(artifact, signature(made), small), ReferenceEngine(made), inputs()[:30])
