"""The core's C++ with bit-accurate ``ap_fixed`` arithmetic, compiled for this machine, called in process."""

from __future__ import annotations

import ctypes
import tempfile
from pathlib import Path

import numpy as np

from lineshaft.backend._hls.archive import Artifact, this_machine
from lineshaft.backend._hls.engine import Piece
from lineshaft.core.errors import EnvironmentFailed, Refused
from lineshaft.core.step import Array

FUNCTION = "core_float"
INPUTS, OUTPUTS = "tb_data/tb_input_features.dat", "tb_data/tb_output_predictions.dat"
WHERE = "artifact of the hls backend"


class Emulation:
    """Calls of one core, for so many assets; keeps nothing between them.

    ``given`` and ``found`` are the newest inputs and results as the core has them: flat, channels last.
    """

    def __init__(self, artifact: Artifact, assets: int) -> None:
        about = artifact.description
        if about.machine != this_machine():
            raise Refused(f"its emulation was compiled for {about.machine} and this is {this_machine()}",
                          where=WHERE, do="compile the graph on this machine")
        self._function = getattr(_library(artifact.library), FUNCTION)
        self._function.restype = None
        self._most, self._source = np.float32(about.saturates), about.layout.source
        self._results = about.layout.results
        self.given: Array = np.zeros((assets, about.layout.source.size), np.float32)
        self.found: list[Array] = [np.zeros((assets, piece.size), np.float32) for piece in self._results]
        self._rows = [[ctypes.c_void_p(a[i].ctypes.data) for a in (self.given, *self.found)] for i in range(assets)]

    @property
    def width(self) -> int:
        """Values that the core reads."""
        return self._source.size

    def __call__(self, x: Array) -> list[Array]:
        """Results [A, m] of ``x`` [A, n]; like the gateway to an FPGA, it saturates what the type can't hold."""
        np.clip(np.nan_to_num(_last(x, self._source)), -self._most, self._most, out=self.given)
        for row in self._rows:
            self._function(*row)
        return [_first(value, piece) for value, piece in zip(self.found, self._results, strict=True)]


def vectors(artifact: Artifact, count: int = 32, seed: int = 0) -> dict[str, bytes]:
    """Inputs of hls4ml's test bench and what the emulation says to them, in the core's own order.

    Half are of ordinary size, half reach to where the input saturates.
    """
    emulation, random = Emulation(artifact, count), np.random.default_rng(seed)
    most = artifact.description.saturates
    reach = np.where(np.arange(count) % 2, most, min(most, 3.0))[:, None]
    emulation((reach * random.uniform(-1.0, 1.0, (count, emulation.width))).astype(np.float32))
    return {INPUTS: _text(emulation.given), OUTPUTS: _text(np.hstack(emulation.found))}


def _text(rows: Array) -> bytes:
    return "".join(" ".join(f"{value:.9g}" for value in row) + "\n" for row in rows).encode()


def _last(x: Array, piece: Piece) -> Array:
    """Channels first to channels last, flat."""
    return x if len(piece.shape) < 2 else np.moveaxis(x.reshape(-1, *piece.shape), 1, -1).reshape(x.shape)


def _first(x: Array, piece: Piece) -> Array:
    """Channels last to channels first, flat."""
    if len(piece.shape) < 2:
        return x
    return np.moveaxis(x.reshape(-1, *piece.shape[1:], piece.shape[0]), -1, 1).reshape(x.shape)


def _library(content: bytes) -> ctypes.CDLL:
    """The library, loaded from a file that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="lineshaft-hls-") as folder:
        file = Path(folder) / "emulation.so"
        file.write_bytes(content)
        try:
            return ctypes.CDLL(str(file))
        except OSError as error:
            raise EnvironmentFailed(f"the core's emulation can't be loaded: {error}", where=WHERE,
                                    do="compile the graph on this machine") from None
