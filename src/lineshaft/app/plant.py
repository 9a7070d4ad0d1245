"""The demo plant as a process of its own: physics on the clock, served over a real OPC UA server."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import duckdb
import numpy as np
from numpy.typing import NDArray

from lineshaft.app.lines import listen
from lineshaft.connect.opcua.simulator import Simulator
from lineshaft.connect.plant.plant import Plant
from lineshaft.connect.plant.tags import PERIOD_NS
from lineshaft.core.clock import SECOND
from lineshaft.core.errors import LineshaftError, UsageError
from lineshaft.core.quality import usable
from lineshaft.core.tag import Tag

CHUNK_TICKS = 1000


async def serve(*, seed: int, speed: float, port: int, archive: Path | None, archive_ns: int,
                ready: Callable[[str], None]) -> None:
    """Write the archive of the plant's past, then go on live until cancelled; faults are commanded on stdin."""
    plant = Plant(seed, speed=speed)
    if archive is not None:
        write_archive(plant, archive, archive_ns // PERIOD_NS)
    else:
        plant.time = time.time_ns() // PERIOD_NS * PERIOD_NS

    async def written(tag: Tag, value: float) -> None:
        with suppress(LineshaftError):  # a value outside the range does nothing, as on a real controller
            plant.write(tag.path, value)

    async with Simulator(plant.tags(), f"opc.tcp://127.0.0.1:{port}/lineshaft/plant/", on_write=written) as server:
        ready(server.url)
        commands = listen()
        while True:
            for row in plant.until(time.time_ns()):
                await server.publish(row)
            while not commands.empty():
                _obey(plant, commands.get_nowait() or "")
            await asyncio.sleep(max(plant.time + PERIOD_NS - time.time_ns(), 0) / SECOND)


def write_archive(plant: Plant, path: Path, ticks: int) -> None:
    """The plant's past up to now as a wide Parquet file, a column a tag, empty where a value was bad."""
    path.parent.mkdir(parents=True, exist_ok=True)
    end = time.time_ns() // PERIOD_NS * PERIOD_NS
    plant.time = end - ticks * PERIOD_NS
    parts = list(_chunks(plant, ticks))
    times = np.concatenate([times for times, _ in parts])
    values = np.concatenate([values for _, values in parts])
    table = {"time": times} | {f"c{i}": np.ascontiguousarray(values[:, i]) for i in range(values.shape[1])}
    names = ", ".join(f'c{i} AS "{tag.path}"' for i, tag in enumerate(plant.tags()))
    link = duckdb.connect(":memory:")
    link.register("archive", table)
    link.execute(f"COPY (SELECT make_timestamp_ns(time) AS time, {names} FROM archive) TO "
                 f"'{str(path).replace(chr(39), chr(39) * 2)}' (FORMAT parquet, COMPRESSION zstd)")
    link.close()


def _chunks(plant: Plant, ticks: int) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float64]]]:
    for done in range(0, ticks, CHUNK_TICKS):
        times, values, quality = plant.record(min(CHUNK_TICKS, ticks - done))
        yield times, np.where(usable(quality), values, np.nan)


def _obey(plant: Plant, command: str) -> None:
    """``inject NAME [SEVERITY]`` or ``clear [NAME]``."""
    if not command:
        return
    verb, *words = command.split()
    try:
        if verb == "inject" and words:
            plant.inject(words[0], severity=float(words[1]) if len(words) > 1 else 1.0)
        elif verb == "clear":
            plant.clear(*words[:1])
        else:
            raise UsageError(f"{command!r} is not a command", do="write 'inject NAME [SEVERITY]' or 'clear [NAME]'")
    except (LineshaftError, ValueError) as error:
        print(f"lineshaft: {error}", file=sys.stderr, flush=True)
