"""What every engine holds: input and output arrays, and state that is zero at first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from lineshaft.core.step import Array, Engine, Port, StepSignature

STATE_SUFFIX = "_o"


def zeros(ports: Sequence[Port], assets: int) -> dict[str, Array]:
    """An array [A, ...] of zeros for each port."""
    return {port.name: np.zeros((assets, *port.shape), np.float32) for port in ports}


class Buffers:
    """The part of an ``Engine`` that needs no runtime; a subclass says how one step goes."""

    def __init__(self, signature: StepSignature, assets: int) -> None:
        self.signature, self.assets = signature, assets
        self.x: Array = np.zeros((assets, signature.channels), np.float32)
        self.quality: Array = np.ones((assets, signature.channels), np.float32)
        self._out = zeros(signature.outputs, assets)

    @property
    def out(self) -> Mapping[str, Array]:
        return self._out


class Alternating(Buffers):
    """State in two sets of arrays: a step reads one and writes the other, so a runtime binds all memory once."""

    def __init__(self, signature: StepSignature, assets: int) -> None:
        super().__init__(signature, assets)
        self._states = (zeros(signature.states, assets), zeros(signature.states, assets))
        self._newest = 0

    def inputs(self, source: int) -> dict[str, Array]:
        """Arrays by input name of the step that reads state ``source``."""
        return {"x": self.x, "quality": self.quality, **self._states[source]}

    def results(self, source: int) -> dict[str, Array]:
        """Arrays by output name of the step that reads state ``source``: it writes the other one."""
        return {**self._out, **{name + STATE_SUFFIX: value for name, value in self._states[1 - source].items()}}

    def state(self) -> dict[str, Array]:
        return {name: value.copy() for name, value in self._states[self._newest].items()}

    def restore(self, state: Mapping[str, Array]) -> None:
        for name, value in self._states[self._newest].items():
            value[...] = state[name]

    def reset(self) -> None:
        for value in self._states[self._newest].values():
            value.fill(0.0)


class OneByOne(Buffers):
    """Several assets on engines that take one each, stepped in turn."""

    def __init__(self, engines: Sequence[Engine]) -> None:
        super().__init__(engines[0].signature, len(engines))
        self._engines = tuple(engines)

    def step(self) -> None:
        for asset, engine in enumerate(self._engines):
            engine.x[0], engine.quality[0] = self.x[asset], self.quality[asset]
            engine.step()
            for name, value in engine.out.items():
                self._out[name][asset] = value[0]

    def state(self) -> dict[str, Array]:
        each = [engine.state() for engine in self._engines]
        return {port.name: np.concatenate([state[port.name] for state in each]) for port in self.signature.states}

    def restore(self, state: Mapping[str, Array]) -> None:
        for asset, engine in enumerate(self._engines):
            engine.restore({name: value[asset:asset + 1] for name, value in state.items()})

    def reset(self) -> None:
        for engine in self._engines:
            engine.reset()
