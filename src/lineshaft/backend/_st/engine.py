"""A block of Structured Text as an engine: our own interpreter, one instance an asset."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from lineshaft.backend._st.layout import layout_of
from lineshaft.core.step import Array, StepSignature
from lineshaft.plc import Plc, compile_text


class StructuredTextEngine:
    """``core.step.Engine`` that executes the text. An infinity or NaN goes on, as on controllers with IEEE 754."""

    def __init__(self, text: str, signature: StepSignature, assets: int = 1) -> None:
        self.signature, self.assets = signature, assets
        self._layout = layout_of(text)
        program = compile_text(text, real_division="ieee")
        self._plcs = [Plc(program, self._layout["block"]) for _ in range(assets)]
        self.x: Array = np.zeros((assets, signature.channels), np.float32)
        self.quality: Array = np.ones((assets, signature.channels), np.float32)
        self._out = {port.name: np.zeros((assets, *port.shape), np.float32) for port in signature.outputs}

    @property
    def out(self) -> Mapping[str, Array]:
        return self._out

    def step(self) -> None:
        scalar = self.signature.channels == 1
        for asset, plc in enumerate(self._plcs):
            for name, row in ((self._layout["x"], self.x[asset]), (self._layout["quality"], self.quality[asset])):
                plc.write(name, row[0] if scalar else row)
            plc.scan()
            for name, place in self._layout["outputs"].items():
                self._out[name][asset] = np.asarray(plc.read(place), np.float32).reshape(self._out[name][asset].shape)

    def state(self) -> dict[str, Array]:
        shapes = {port.name: port.shape for port in self.signature.states}
        return {at["name"]: np.stack([_read(plc, at, shapes[at["name"]]) for plc in self._plcs])
                for at in self._layout["states"]}

    def restore(self, state: Mapping[str, Array]) -> None:
        for at in self._layout["states"]:
            for asset, plc in enumerate(self._plcs):
                _write(plc, at, np.asarray(state[at["name"]], np.float32)[asset])

    def reset(self) -> None:
        for plc in self._plcs:
            plc.restart()


def _read(plc: Plc, at: Mapping[str, Any], shape: tuple[int, ...]) -> Array:
    flat = np.atleast_1d(np.asarray(plc.read(at["at"]), np.float32))
    first = at.get("first", 0)
    if at.get("position"):
        first += plc.read(at["position"])
    moved = tuple(shape[axis] for axis in at["order"])
    start = first * at.get("width", 0)
    lying = flat[start:start + int(np.prod(moved))].reshape(moved)
    return np.ascontiguousarray(lying.transpose(np.argsort(at["order"])))


def _write(plc: Plc, at: Mapping[str, Any], value: Array) -> None:
    lying = value.transpose(at["order"]).ravel() if value.ndim else value.reshape(1)
    flat = np.atleast_1d(np.asarray(plc.read(at["at"]), np.float32))
    first = at.get("first", 0) * at.get("width", 0)
    if at.get("position"):
        plc.force(at["position"], 0)
        half = at["span"] * at["width"]
        places = (first + np.arange(lying.size)) % half
        flat[places] = flat[places + half] = lying
    else:
        flat[first:first + lying.size] = lying
    plc.force(at["at"], flat if flat.size > 1 else flat[0])
