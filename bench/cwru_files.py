"""Reader of the bearing files of Case Western Reserve University: recordings at one rate and in one band."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from monitor_files import members

RATE, TOP = 12_000.0, 5_000.0
SENSORS = ("DE", "FE")
PLACES = {"B": "ball", "IR": "inner race", "OR": "outer race"}
HEALTHY = "healthy"
FAULTY = re.compile(r"(?P<rate>\d+)k[^/]*/(?P<place>B|IR|OR)/(?P<diameter>\d+)/.*_(?P<load>\d)\.mat$")
NORMAL = re.compile(r"Normal/.*_(?P<load>\d)\.mat$")


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """``samples`` [2, T] of the drive-end and the fan-end sensor at 12 kHz, nothing above 5 kHz; ``speed`` in 1/min."""

    name: str
    kind: str
    diameter: int
    load: int
    speed: float
    samples: NDArray[np.float64]


def recordings(folder: Path) -> list[Recording]:
    """Every file of a place and diameter, and the healthy ones, which are sampled at 48 kHz as the source shows."""
    found = []
    for name, content in members(folder):
        faulty, normal = FAULTY.search(name), NORMAL.search(name)
        told = faulty or normal
        if told is None:
            continue
        kind = PLACES[faulty["place"]] if faulty else HEALTHY
        factor = 4 if faulty is None or faulty["rate"] == "48" else 1
        speed, samples = _read(content)
        found.append(Recording(name, kind, int(faulty["diameter"]) if faulty else 0, int(told["load"]), speed,
                               np.stack([_same_band(one, factor) for one in samples])))
    if not found:
        sys.exit(f"{folder}: no recording is here (RATE/PLACE/DIAMETER/NUMBER_LOAD.mat); pass --data with its folder")
    return found


def _read(content: bytes) -> tuple[float, list[NDArray[np.float64]]]:
    from scipy.io import loadmat

    held = {name: value for name, value in loadmat(io.BytesIO(content)).items() if not name.startswith("__")}

    def ending(end: str) -> NDArray[np.float64]:
        return next(np.asarray(value, np.float64).ravel() for name, value in held.items() if name.endswith(end))

    return float(ending("RPM")[0]), [ending(f"{sensor}_time") for sensor in SENSORS]


def _same_band(samples: NDArray[np.float64], factor: int) -> NDArray[np.float64]:
    from scipy.signal import filtfilt, firwin, resample_poly

    if factor > 1:
        samples = resample_poly(samples, 1, factor)
    return np.asarray(filtfilt(firwin(257, TOP, fs=RATE), [1.0], samples), np.float64)


def blocks(recording: Recording, length: int) -> Iterator[NDArray[np.float64]]:
    """Rows of ``length`` samples a sensor, one after another without overlap, the speed behind them."""
    for start in range(0, recording.samples.shape[1] - length + 1, length):
        yield np.append(recording.samples[:, start:start + length].reshape(-1), recording.speed)
