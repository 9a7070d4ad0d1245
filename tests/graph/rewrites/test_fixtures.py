"""Each rewrite as text: ``fixtures/<rewrite>.before.txt`` becomes ``fixtures/<rewrite>.after.txt``."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnx.parser
import onnx.printer
import pytest

from lineshaft.backend.onnxruntime import execute
from lineshaft.graph import rewrite
from lineshaft.graph.check import problems, signature
from lineshaft.graph.replay import Replay

FIXTURES = Path(__file__).parent / "fixtures"


def graph(name: str, when: str) -> bytes:
    text = (FIXTURES / f"{name}.{when}.txt").read_text("utf-8")
    return bytes(onnx.parser.parse_model(text).SerializeToString(deterministic=True))


@pytest.mark.parametrize("name", rewrite.every())
def test_before_becomes_after(name: str) -> None:
    result, (change,) = rewrite.apply(graph(name, "before"), [rewrite.named(name)])
    assert change.kept
    assert onnx.printer.to_text(onnx.load_from_string(result)).strip() == (
        FIXTURES / f"{name}.after.txt").read_text("utf-8").strip()


@pytest.mark.parametrize("name", rewrite.every())
def test_after_says_what_before_said(name: str, rng: np.random.Generator) -> None:
    before, after = graph(name, "before"), graph(name, "after")
    assert problems(after) == ()
    assert signature(after).outputs == signature(before).outputs
    x = (4.0 * rng.normal(size=(40, 2))).astype(np.float32)
    expected = Replay(before, execute)(x, np.ones_like(x))
    for output, value in Replay(after, execute)(x, np.ones_like(x)).items():
        assert np.allclose(value, expected[output], rtol=1e-5, atol=1e-5), output


@pytest.mark.parametrize("name", rewrite.every())
def test_after_stays_as_it_is(name: str) -> None:
    after = graph(name, "after")
    result, (change,) = rewrite.apply(after, [rewrite.named(name)])
    assert result == after
    assert change.reason and change.before == change.after
