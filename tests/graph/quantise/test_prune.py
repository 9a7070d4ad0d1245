"""Pruning removes channels for good: the smaller graph says what the masked one says."""

from __future__ import annotations

import numpy as np
import pytest

from lineshaft.backend.onnxruntime import execute
from lineshaft.graph.builder import StepBuilder
from lineshaft.graph.check import problems, signature
from lineshaft.graph.fidelity import Run, say
from lineshaft.graph.prune.channels import Chain, chains, slimmed
from lineshaft.graph.prune.prune import pruned
from lineshaft.graph.rewrite import size
from lineshaft.graph.view import Edit, View, view


def masked(graph: View, chain: Chain, keep: np.ndarray) -> View:
    """The same graph with the consumer's weights of all other channels at zero."""
    edit, node = Edit(graph), chain.consumer
    weights = graph.constants[node.inputs[1]].copy()
    gone = np.setdiff1d(np.arange(chain.count), keep)
    weights[(slice(None), gone) if node.kind == "Conv" else gone] = 0.0
    edit.put(node, inputs=[node.inputs[0], edit.constant(weights), *node.inputs[2:]])
    return edit.done()


def test_chains_run_through_activations_biases_and_depthwise_convolutions(seen: View) -> None:
    found = [(c.producer.kind, [n.kind for n in c.along], c.consumer.kind, c.count) for c in chains(seen)]
    assert found == [("Conv", ["Relu", "Conv", "Clip"], "Conv", 24), ("MatMul", ["Add", "Tanh"], "MatMul", 40)]


@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("seed", range(3))
def test_the_pruned_graph_equals_the_masked_one(place: int, seed: int, seen: View, runs: list[Run]) -> None:
    chain = chains(seen)[place]
    keep = np.sort(np.random.default_rng(seed).choice(chain.count, 7, replace=False))
    small, wide = slimmed(seen, chain, keep).bytes(), masked(seen, chain, keep).bytes()
    assert problems(small) == ()
    for a, b in zip(say(small, runs, execute), say(wide, runs, execute), strict=True):
        assert np.allclose(a["score"], b["score"], rtol=1e-4, atol=1e-5)


def test_pruning_takes_the_share_asked_for_and_keeps_the_signature(graph: bytes, seen: View, runs: list[Run]) -> None:
    made = pruned(seen, 0.5, runs, execute)
    assert isinstance(made, View)
    raw = made.bytes()
    assert problems(raw) == ()
    assert signature(raw) == signature(graph)
    before, after = size(graph), size(raw)
    assert 0.35 < after.arithmetic / before.arithmetic < 0.7
    assert after.bytes < 0.75 * before.bytes


def test_channels_that_say_nothing_go_first_and_cost_nothing(runs: list[Run]) -> None:
    random = np.random.default_rng(0)
    g, weights = StepBuilder(4), random.normal(size=(4, 30))
    weights[:, 10:] = 0.0
    a = g.relu(g.add(g.project(g.x, weights), random.normal(size=30)))
    first = g.model({"score": g.project(a, random.normal(size=(30, 1)))})
    made = pruned(view(first), 0.45, runs, execute)
    assert isinstance(made, View)
    assert 10 <= chains(made)[0].count < 20
    for old, new in zip(say(first, runs, execute), say(made.bytes(), runs, execute), strict=True):
        assert np.abs(old["score"] - new["score"]).max() < 0.02 * np.abs(old["score"]).max()


def test_weights_solved_anew_are_nearer_than_those_that_were_left(seen: View, runs: list[Run]) -> None:
    made = pruned(seen, 0.4, runs, execute)
    assert isinstance(made, View)
    plain = Edit(seen).done()
    for place, chain in enumerate(chains(made)):
        old = chains(plain)[place]
        weights = plain.constants[old.producer.inputs[1]]
        kept = made.constants[chain.producer.inputs[1]]
        if old.producer.kind == "Conv":
            weights, kept = weights.reshape(len(weights), -1), kept.reshape(len(kept), -1)
        else:
            weights, kept = weights.T, kept.T
        keep = np.array([int(np.abs(weights - row).sum(axis=1).argmin()) for row in kept])
        plain = slimmed(plain, old, keep)
    wanted, solved, left = (say(raw, runs, execute) for raw in (seen.bytes(), made.bytes(), plain.bytes()))

    def error(said: list[dict[str, np.ndarray]]) -> float:
        return float(np.mean([np.mean((a["score"] - b["score"])**2) for a, b in zip(said, wanted, strict=True)]))

    assert error(solved) < error(left)


def test_an_image_keeps_whole_blocks_of_channels() -> None:
    random = np.random.default_rng(0)
    g = StepBuilder(3 * 6 * 6)
    a = g.relu(g.conv(g.reshape(g.x, (3, 6, 6)), random.normal(size=(32, 3, 3, 3))))
    a = g.reshape(g.conv(a, random.normal(size=(4, 32, 1, 1))), (4 * 16,))
    x = random.normal(size=(40, 3 * 6 * 6)).astype(np.float32)
    run = Run(x, np.ones_like(x), np.zeros(40, np.int8))
    made = pruned(view(g.model({"score": g.sum(a)})), 0.3, [run], execute)
    assert isinstance(made, View)
    assert chains(made)[0].count in (16, 24)


def test_a_graph_without_chains_says_so() -> None:
    g = StepBuilder(3)
    reason = pruned(view(g.model({"score": g.sum(g.project(g.x, np.eye(3)))})), 0.5, [], execute)
    assert isinstance(reason, str)
    assert "channels" in reason
