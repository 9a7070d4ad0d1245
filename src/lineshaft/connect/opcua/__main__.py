"""``python -m lineshaft.connect.opcua``: a plant of slow sines to try things on; prints its URL."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import time

import numpy as np

from lineshaft.connect.opcua.simulator import Simulator
from lineshaft.core.sample import Samples
from lineshaft.core.tag import Tag


async def serve(count: int, port: int, period_s: float) -> None:
    """``count`` tags of ten an asset, new values each ``period_s``, until cancelled."""
    tags = [Tag(f"works/hall/cell/asset{i // 10:03d}/tag{i:04d}", unit="bar", low=0.0, high=10.0,
                writable=i == 0) for i in range(count)]
    async with Simulator(tags, f"opc.tcp://127.0.0.1:{port}/lineshaft/") as plant:
        paths, phases = [tag.path for tag in tags], np.arange(count) / 7
        print(plant.url, flush=True)
        while True:
            now = time.time_ns()
            await plant.publish(Samples.row(paths, now, 5 + np.sin(now / 1e9 + phases)))
            await asyncio.sleep(period_s)


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(prog="python -m lineshaft.connect.opcua", description=__doc__)
    parser.add_argument("--tags", type=int, default=50)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--period", type=float, default=0.1, help="seconds between values")
    given = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(given.tags, given.port, given.period))


if __name__ == "__main__":
    main()
