"""Months of history as a chart's columns: with the overview, without it, and from a plain read.

    python bench/overview.py --json             # 6 tags x 90 days at 1 Hz, 47 million rows, about five minutes
    python bench/overview.py --days 3           # a quick look
"""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))

from harness import Result, arguments, finish, progress
from lineshaft.core.clock import SECOND
from lineshaft.core.sample import Samples
from lineshaft.historian.store import EmbeddedHistorian, open_historian

TAGS = tuple(f"works/P101/t{n}" for n in range(6))
START = 1_700_000_000 * SECOND
DAY = 86_400 * SECOND
HOURS = 12  # in one append; compacted every day, as `run` does every hour

# A process of its own: what a console that has just started takes for its first chart.
COLD = """
import json, sys, time
from lineshaft.historian.store import open_historian
folder, start, end, *tags = sys.argv[1:]
with open_historian(folder) as historian:
    begun = time.perf_counter()
    columns = historian.columns(tags, int(start), int(end), 1000)
    print(json.dumps([time.perf_counter() - begun, sum(int(one.count.sum()) for one in columns.values())]))
"""


def fill(folder: Path, days: int) -> None:
    """Random walks with noise, 0.01 steps, one value a second of every tag."""
    rng = np.random.default_rng(1)
    ticks = HOURS * 3600
    level = np.full(len(TAGS), 50.0)
    with open_historian(folder) as historian:
        for half in range(days * 24 // HOURS):
            walk = level + np.cumsum(rng.normal(0, 0.02, (ticks, len(TAGS))), 0)
            level = walk[-1]
            seconds = np.arange(half * ticks, (half + 1) * ticks, dtype=np.int64)
            index = np.tile(np.arange(len(TAGS), dtype=np.int32), ticks)
            values = np.round(walk + rng.normal(0, 0.05, walk.shape), 2).ravel()
            historian.append(Samples(TAGS, index, np.repeat(START + seconds * SECOND, len(TAGS)), values,
                                     np.zeros(len(values), np.uint32)))
            if half % (24 // HOURS) == 0:
                historian.compact()
                progress(f"filled {half * HOURS // 24} of {days} days")
        historian.compact()


def cold(folder: Path, days: int) -> float:
    """Milliseconds of the first chart of a new process, median of five."""
    spent = []
    for _ in range(5):
        words = [sys.executable, "-c", COLD, str(folder), str(START), str(START + days * DAY), *TAGS]
        run = subprocess.run(words, capture_output=True, text=True, check=True)
        seconds, count = map(float, json.loads(run.stdout))
        assert count == days * 86_400 * len(TAGS), count
        spent.append(1e3 * seconds)
    return float(statistics.median(spent))


def warm(historian: EmbeddedHistorian, days: float, turns: int = 15) -> float:
    """Milliseconds of a chart of the last ``days``, median; every chart of another stretch."""
    spent = []
    for turn in range(turns):
        end = START + int(days * DAY) + turn * 600 * SECOND
        begun = time.perf_counter()
        historian.columns(TAGS, end - int(days * DAY), end, 1000)
        spent.append(1e3 * (time.perf_counter() - begun))
    return float(statistics.median(spent))


def size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def main() -> None:
    """Run, print."""
    parser = arguments(__doc__)
    parser.add_argument("--days", type=int, default=90)
    chosen = parser.parse_args()
    days, rows = chosen.days, chosen.days * 86_400 * len(TAGS)
    with tempfile.TemporaryDirectory(prefix="bench-overview-") as root:
        folder = Path(root) / "history"
        begun = time.perf_counter()
        fill(folder, days)
        figures = {"fill_s": time.perf_counter() - begun, "cold_ms": cold(folder, days)}
        with open_historian(folder) as historian:
            figures |= {"warm_ms": warm(historian, days), "week_ms": warm(historian, min(7, days)),
                        "day_ms": warm(historian, 1), "hour_ms": warm(historian, 1 / 24)}
            figures["bytes_per_row"] = size(folder / "overview") / rows
            figures["samples_bytes_per_row"] = size(folder / "samples") / rows
            shutil.rmtree(folder / "overview")
            figures["without_ms"] = warm(historian, days, 1)
            begun = time.perf_counter()
            historian.compact()
            figures["caught_up_s"] = time.perf_counter() - begun
            figures["again_ms"] = warm(historian, days)
    finish(Result("overview", f"{rows} rows of {len(TAGS)} tags over {days} days at 1 Hz as 1000 columns; cold: first "
                  "chart of a new process; without: the overview deleted; caught_up: compact() makes it anew",
                  {"lineshaft": figures}, {"lineshaft": "cold_ms <= 500, warm_ms <= 150"}), as_json=chosen.json)


if __name__ == "__main__":
    main()
