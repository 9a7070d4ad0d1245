"""The core's C++ with bit-accurate ``ap_fixed`` arithmetic, compiled for this machine, called in process."""

from __future__ import annotations

import ctypes
import tempfile
from pathlib import Path

import numpy as np

from lineshaft.backend._hls_archive import Artifact, this_machine
from lineshaft.backend._hls_engine import Piece
from lineshaft.core.errors import EnvironmentFailed, Refused
from lineshaft.core.step import Array

FUNCTION = "core_float"
WHERE = "artifact of the hls backend"


class Emulation:
    """Calls of one core, for so many assets; keeps nothing between them."""

    def __init__(self, artifact: Artifact, assets: int) -> None:
        about = artifact.description
        if about.machine != this_machine():
            raise Refused(f"its emulation was compiled for {about.machine} and this is {this_machine()}",
                          where=WHERE, do="compile the graph on this machine")
        self._function = getattr(_library(artifact.library), FUNCTION)
        self._function.restype = None
        self._most, self._source = np.float32(about.saturates), about.layout.source
        self._results = about.layout.results
        self._in: Array = np.zeros((assets, about.layout.source.size), np.float32)
        self._out: list[Array] = [np.zeros((assets, piece.size), np.float32) for piece in self._results]
        self._rows = [[ctypes.c_void_p(a[i].ctypes.data) for a in (self._in, *self._out)] for i in range(assets)]

    def __call__(self, x: Array) -> list[Array]:
        """Results [A, m] of ``x`` [A, n]; like the gateway to an FPGA, it saturates what the type can't hold."""
        np.clip(np.nan_to_num(_last(x, self._source)), -self._most, self._most, out=self._in)
        for row in self._rows:
            self._function(*row)
        return [_first(value, piece) for value, piece in zip(self._out, self._results, strict=True)]


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
