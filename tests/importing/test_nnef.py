"""NNEF: what is written is read back as the same function, and Khronos' own parser takes it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.importing.through import BARE, gap, stepped

from lineshaft.app.importing import import_model
from lineshaft.backend.onnxruntime import execute
from lineshaft.core.errors import LineshaftError, Refused
from lineshaft.graph.builder import StepBuilder, Wire
from lineshaft.graph.nnef import tensor
from lineshaft.graph.nnef.writing import write

RANDOM = np.random.default_rng(8)


def network(seed: int, depth: int) -> bytes:
    """A random chain of canonical operators over x [2, 6]."""
    random = np.random.default_rng(seed)
    g = StepBuilder(12)
    wire = g.reshape(g.x, (2, 6))
    for _ in range(depth):
        wire = _grown(g, wire, random)
    return g.model({"out": g.reshape(wire, (int(np.prod(wire.shape)),)), "level": g.sum(g.x)})


def _grown(g: StepBuilder, w: Wire, random: np.random.Generator) -> Wire:
    rows, length = w.shape
    values = random.normal(size=(rows, length))
    choices = [
        lambda: g.tanh(w), lambda: g.relu(w), lambda: g.add(w, values), lambda: g.multiply(w, values[:1]),
        lambda: g.softmax(w), lambda: g.clip(w, -0.5, 0.7), lambda: g.project(w, random.normal(size=(length, 5))),
        lambda: g.transpose(w, (1, 0)), lambda: g.concat([w, g.sigmoid(w)], 1), lambda: g.slice(w, 0, 1, 0),
        lambda: g.subtract(w, g.mean(w)), lambda: g.where(g.greater(w, 0.1), w, g.absolute(w)),
        lambda: g.multiply(g.number(g.at_least(w, values)), g.minimum(w, 0.5)),
        lambda: g.conv(w, random.normal(size=(3, rows, 3)), random.normal(size=3), pads=[1, 1])]
    return choices[random.integers(len(choices))]()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32 - 1), depth=st.integers(1, 8))
def test_a_graph_that_is_written_and_read_is_the_same_function(seed: int, depth: int, tmp_path: Path) -> None:
    graph = network(seed, depth)
    folder = tmp_path / f"{seed}_{depth}"
    if not folder.exists():
        write(graph, folder)
    x = np.random.default_rng(seed).normal(size=(3, 12)).astype(np.float32)
    wanted = execute(graph, {"x": x, "quality": np.ones_like(x)})
    back = import_model(folder / "graph.nnef", BARE)
    wide = np.concatenate([x, np.ones_like(x)], axis=1)  # its two inputs, x and quality
    found = stepped(back, wide)
    for name in ("out", "level"):
        assert gap(found[name], wanted[name]) < 1e-5


def test_the_parser_of_khronos_takes_what_is_written(tmp_path: Path) -> None:
    nnef = pytest.importorskip("nnef", reason="the parser of Khronos is no dependency")
    write(network(3, 6), tmp_path / "m")
    graph = nnef.load_graph(str(tmp_path / "m"))
    assert list(graph.inputs) == ["x", "quality"]
    nnef.infer_shapes(graph)
    assert graph.tensors["level"].shape == [1, 1]


@pytest.mark.parametrize("kind", ["f4", "f2", "i8", "u1"])
def test_a_tensor_that_is_written_and_read_is_the_same(kind: str) -> None:
    values = RANDOM.integers(0, 99, (2, 3, 4)).astype(kind)
    back = tensor.loads(tensor.dumps(values))
    assert back.dtype == values.dtype
    assert np.array_equal(back, values)


def test_an_operator_that_nnef_does_not_have_is_named(tmp_path: Path) -> None:
    g = StepBuilder(4)
    graph = g.model({"best": g.nearest_rows(g.x, np.eye(4), 2)})
    with pytest.raises(Refused, match=r"TopK TopK_n0: NNEF 1\.0 has no such operator"):
        write(graph, tmp_path / "m")
    assert not (tmp_path / "m").exists()


SMALL = """version 1.0;
graph net( x ) -> ( y )
{
    x = external<scalar>(shape = [1, 3, 8]);
    w = variable<scalar>(shape = [2, 3, 3], label = 'w');
    c = conv(x, w, 0.5, padding = [(1, 1)]);   # a comment
    n = mul(c, 2.0);
    p = max_pool(n, size = [1, 1, 2], border = 'ignore', padding = [(0,0), (0,0), (0,0)], stride = [1, 1, 2]);
    y = mean_reduce(p, axes = [2]);
}
"""


def small(folder: Path, text: str = SMALL) -> Path:
    (folder / "w.dat").write_bytes(tensor.dumps(np.ones((2, 3, 3), np.float32)))
    (folder / "graph.nnef").write_text(text)
    return folder / "graph.nnef"


def test_a_graph_that_somebody_else_wrote_is_read(tmp_path: Path) -> None:
    x = RANDOM.normal(size=(2, 3, 8)).astype(np.float32)
    sums = np.pad(x, ((0, 0), (0, 0), (1, 1))).sum(1)
    conv = 2.0 * (sums[:, :-2] + sums[:, 1:-1] + sums[:, 2:] + 0.5)
    wanted = np.repeat(conv.reshape(2, 1, 4, 2).max(-1).mean(-1)[..., None], 2, axis=1)
    assert gap(stepped(import_model(small(tmp_path), BARE), x)["y"], wanted) < 1e-5


@pytest.mark.parametrize(("old", "new", "says"), [
    ("label = 'w'", "label = '../w'", "outside of the model's folder"), ("label = 'w'", "label = 'v'", "missing"),
    ("[2, 3, 3]", "[2, 3, 4]", "its file [2, 3, 3]"), ("mul(c, 2.0)", "warp(c)", "warp n: this operation"),
    ("mul(c, 2.0)", "mul(z, 2.0)", "mul n: it is malformed"), ("graph net", "fragment net", "fragment of its own"),
    ("version 1.0", "version 2.0", "another version"), ("[1, 3, 8]", "[1, 3, 8", "is not NNEF"),
    ("[1, 3, 8]", "[1, 3, 80000000000]", "at most"), ("}", "", "its end"), ("x = ", "\x00 = ", "is not NNEF")])
def test_what_is_wrong_in_a_text_is_said_with_its_place(old: str, new: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(LineshaftError) as caught:
        import_model(small(tmp_path, SMALL.replace(old, new, 1)))
    assert says in str(caught.value)
