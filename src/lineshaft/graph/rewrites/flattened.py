"""A linear map of a flattened window that weighs all ticks alike, or by one profile, first adds the ticks up.

    MatMul(Reshape(w [T, C], [T C]), M [T C, H])        T C H multiply-adds
 ->
    MatMul(Reshape(ReduceSum(w p, time), [C]), N [C, H])     T C + C H

where M is p [T] times N [C, H] within 1e-6 of its largest weight (the same for a window [C, T]). With p = 1 the sum is
one that ``statistics`` lets grow from tick to tick.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lineshaft.graph.view import Edit, Node, View

ORDER = 500
TOLERANCE = 1e-6

Array = NDArray[np.float64]


def rewrite(graph: View) -> View | str:
    edit = Edit(graph)
    for node in graph.nodes:
        flat = graph.producer(node.inputs[0], "Reshape") if node.kind == "MatMul" else None
        weights = graph.constant(node.inputs[1]) if flat is not None else None
        shape = graph.shape(flat.inputs[0]) if flat is not None else None
        if flat is None or weights is None or weights.ndim != 2 or shape is None or len(shape) != 2:
            continue
        if shape[0] * shape[1] != weights.shape[0] or min(shape) < 2 or weights.shape[1] < 2:
            continue
        for axis in (0, 1):
            found = _profile(weights.astype(np.float64).reshape(*shape, -1), axis)
            if found is not None and weights.size > shape[0] * shape[1] + found[1].size:
                _put(edit, node, flat.inputs[0], axis, *found)
                break
    return edit.unchanged("no linear map of a flattened window weighs its ticks by one profile")


def _profile(weights: Array, axis: int) -> tuple[Array, Array] | None:
    """``(profile, map)`` whose outer product gives the weights [T, C, H] (or [C, T, H]), if there is one."""
    rows = np.moveaxis(weights, axis, 0).reshape(weights.shape[axis], -1)
    largest = rows[np.abs(rows).max(axis=1).argmax()]
    size = float(largest @ largest)
    if size == 0.0:
        return None
    profile = rows @ largest / size
    if np.abs(np.outer(profile, largest) - rows).max() > TOLERANCE * np.abs(rows).max():
        return None
    rest = largest.reshape(weights.shape[1 - axis], -1)
    if np.ptp(profile) <= TOLERANCE * np.abs(profile).max():
        return np.ones_like(profile), rest * profile.mean()
    return profile, rest


def _put(edit: Edit, node: Node, window: str, axis: int, profile: Array, rest: Array) -> None:
    if not np.all(profile == 1.0):
        window = edit.add("Mul", [window, edit.constant(profile[:, None] if axis == 0 else profile[None])])
    total = edit.add("ReduceSum", [window, edit.integers(axis + 1)], keepdims=1)
    row = edit.add("Reshape", [total, edit.integers(-1, len(rest))])
    edit.replace(node.outputs[0], edit.add("MatMul", [row, edit.constant(rest)]))
