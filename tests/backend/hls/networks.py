"""Step graphs with a network inside: a window of three tags, a network, and decisions that keep state."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lineshaft.graph.builder import StepBuilder, Wire

CHANNELS, LENGTH, CLIP = 3, 4, 8.0


def dense(g: StepBuilder, a: Wire, width: int, random: np.random.Generator, kind: str = "") -> Wire:
    """One layer of random weights, with an activation."""
    made = g.add(g.project(a, random.normal(size=(a.shape[0], width)) / np.sqrt(a.shape[0])), random.normal(size=width))
    return activated(g, made, kind)


def activated(g: StepBuilder, a: Wire, kind: str) -> Wire:
    if kind == "relu6":
        return g.clip(a, 0.0, 6.0)
    made: Wire = a if not kind else {"tanh": g.tanh, "sigmoid": g.sigmoid, "relu": g.relu}[kind](a)
    return made


def clipped_window(g: StepBuilder) -> Wire:
    """[LENGTH, CHANNELS] of the newest values, masked ones held."""
    held = g.where(g.greater(g.quality, 0.5), g.clip(g.x, -CLIP, CLIP), g.state("held", (CHANNELS,)))
    g.keep("held", held)
    return g.window("window", held, LENGTH)


def decided(g: StepBuilder, features: Wire, network: Wire) -> bytes:
    """What a monitor does after its network: residual, smoothing while warm, a limit with hysteresis, a cause."""
    warm = g.at_least(g.ticks("age", LENGTH), np.full(1, LENGTH, np.float32))
    residual = g.multiply(g.subtract(features, network), g.quality)
    energy = g.sum(g.square(residual))
    old = g.state("mean", (1,))
    mean = g.where(warm, g.add(old, g.multiply(g.subtract(energy, old), 0.3)), old)
    g.keep("mean", mean)
    stays = g.both(g.greater(g.state("on", (1,)), 0.5), g.greater(mean, 2.0))
    alarm = g.number(g.either(g.greater(mean, 4.0), stays))
    g.keep("on", alarm)
    return g.model({"score": mean, "alarm": alarm, "level": features, "residual": residual})


def autoencoder(widths: Sequence[int], kinds: Sequence[str], seed: int = 0) -> bytes:
    """Mean of the window through layers of these widths and back."""
    g, random = StepBuilder(CHANNELS), np.random.default_rng(seed)
    features = g.reshape(g.mean(clipped_window(g), axis=0), (CHANNELS,))
    a = features
    for width, kind in zip(widths, kinds, strict=True):
        a = dense(g, a, width, random, kind)
    return decided(g, features, dense(g, a, CHANNELS, random))


def tangle(seed: int, size: int = 14) -> bytes:
    """Operators at random, layers and states among them, each reading whatever there is."""
    g, random = StepBuilder(CHANNELS), np.random.default_rng(seed)
    states = [g.state(f"s{i}", (CHANNELS,)) for i in range(int(random.integers(0, 4)))]
    wires = [g.clip(g.x, -CLIP, CLIP), g.quality, *states]
    for _ in range(size):
        a, b = (wires[i] for i in random.integers(0, len(wires), 2))
        kind = str(random.choice(["tanh", "sigmoid", "relu", "relu6"]))
        made = [
            lambda: dense(g, dense(g, a, 2, random, kind), CHANNELS, random, str(random.choice(["", kind]))),
            lambda: dense(g, a, CHANNELS, random, kind), lambda: g.project(a, random.normal(size=(CHANNELS, CHANNELS))),
            lambda: g.where(g.greater(a, b), a, 0.5), lambda: g.where(g.greater(a, 0.1), b, a),
            lambda: g.clip(g.add(a, b), -CLIP, CLIP), lambda: g.tanh(g.multiply(a, b)), lambda: g.subtract(a, b)]
        wires.append(made[int(random.integers(0, len(made)))]())
    late = wires[2:]
    for i, _ in enumerate(states):
        g.keep(f"s{i}", g.clip(late[int(random.integers(0, len(late)))], -CLIP, CLIP))
    chosen = random.integers(0, len(wires), 3)
    return g.model({f"out{i}": wires[int(w)] for i, w in enumerate(chosen)})


def every_layer(seed: int = 0) -> bytes:
    """All that a core can hold: convolutions over one and two axes, pools, a way around, scales, tables, folds."""
    g, random = StepBuilder(CHANNELS), np.random.default_rng(seed)
    window = clipped_window(g)
    features = g.reshape(g.slice(window, LENGTH - 1, LENGTH), (CHANNELS,))
    filters, bias = random.normal(size=(4, CHANNELS, 2)) / 3, random.normal(size=4)
    a = g.conv(g.transpose(window, (1, 0)), filters, bias, pads=(1, 1))
    a = g.op("MaxPool", [g.tanh(a)], (4, 4), kernel_shape=[2], strides=[1], pads=[0, 0])
    a = g.op("AveragePool", [a], (4, 2), kernel_shape=[2], strides=[2], pads=[0, 0])
    a = g.subtract(a, random.normal(size=(4, 1)))
    image = g.reshape(dense(g, g.reshape(a, (8,)), 12, random, "relu6"), (3, 2, 2))
    a = g.relu(g.conv(image, random.normal(size=(4, 3, 2, 2)) / 4, random.normal(size=4), pads=(0, 0, 1, 1)))
    a = g.add(g.multiply(a, random.normal(size=(4, 1, 1))), random.normal(size=(4, 1, 1)))
    a = g.add(a, g.relu(g.conv(a, random.normal(size=(4, 4, 3, 3)) / 6, pads=(1, 1, 1, 1))))
    a = g.op("ReduceMean", [g.subtract(1.0, a), g.constant([2, 3], np.int64)], (4, 1, 1), keepdims=1)
    code = dense(g, g.reshape(a, (4,)), 4, random, "sigmoid")
    return decided(g, features, g.add(dense(g, code, CHANNELS, random), g.largest(code)))


def convolutional(filters: int, kernel: int, kind: str, pool: str = "", pad: int = 0, stride: int = 1, seed: int = 0
                  ) -> bytes:
    """The window as [channels, time] through a convolution, a pool and a layer."""
    g, random = StepBuilder(CHANNELS), np.random.default_rng(seed)
    window = clipped_window(g)
    features = g.reshape(g.slice(window, LENGTH - 1, LENGTH), (CHANNELS,))
    weights = random.normal(size=(filters, CHANNELS, kernel)) / np.sqrt(CHANNELS * kernel)
    a = activated(g, g.conv(g.transpose(window, (1, 0)), weights, random.normal(size=filters), pads=(pad, pad),
                            strides=(stride,)), kind)
    if pool and a.shape[1] >= 2:
        shape = (filters, a.shape[1] // 2)
        a = g.op(pool, [a], shape, kernel_shape=[2], strides=[2], pads=[0, 0])
    return decided(g, features, dense(g, g.reshape(a, (a.shape[0] * a.shape[1],)), CHANNELS, random))
