"""Example files for tests: what a plant's historian might export, on disk and ready to replay."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np

from lineshaft.core.tag import Tag

TAGS = (
    Tag("flow", unit="L/min", address="flow (l/min)"),
    Tag("pressure", unit="bar", address="pressure (bar)"),
    Tag("temperature", unit="Cel", address="temperature (°C)"),
)


def write_example(path: Path, rows: int = 120, seed: int = 0) -> Path:
    """A wide semicolon CSV, one row a second, with a word where a value is missing."""
    rng = np.random.default_rng(seed)
    values = np.array([30.0, 2.4, 55.0]) + rng.normal(0, (0.4, 0.05, 0.2), (rows, 3))
    times = np.datetime_as_string(np.datetime64("2024-03-01T00:00:00") + np.arange(rows), unit="s")
    lines = [";".join(["time", *(tag.address for tag in TAGS)])]
    lines += [
        ";".join([time, *(f"{value:.3f}" for value in row)])
        for time, row in zip(times, values.tolist(), strict=True)
    ]
    lines[rows // 2] = lines[rows // 2].rsplit(";", 1)[0] + ";Bad"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@asynccontextmanager
async def sources(folder: Path) -> AsyncIterator[tuple[str, tuple[Tag, ...]]]:
    """An export of three tags in ``folder``; see ``lineshaft.connect``."""
    yield write_example(folder / "plant.csv").as_uri(), TAGS
