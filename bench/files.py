"""Reading exports: a clean and a messy CSV beside pandas, polars and DuckDB, each in a process of its own.

    python bench/files.py [--rows 1000000] [--json]

The messy file is what a Chinese or German site exports: a line above the header, GBK, semicolons, decimal commas,
units in the headers and a word where a value failed.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from harness import Result, arguments, finish

COLUMNS = 10


def write(folder: Path, rows: int) -> dict[str, Path]:
    """The same values as a clean and as a messy file."""
    values = np.random.default_rng(0).normal(50, 10, (rows, COLUMNS)).round(4)
    times = np.datetime_as_string(np.datetime64("2024-01-01") + np.arange(rows).astype("m8[s]"), unit="s")
    clean, messy = folder / "clean.csv", folder / "messy.csv"
    with clean.open("w", encoding="utf-8") as plain, messy.open("w", encoding="gbk") as odd:
        plain.write("time," + ",".join(f"t{i}" for i in range(COLUMNS)) + "\n")
        odd.write("exported by a plant\ntime;" + ";".join(f"t{i} [°C]" for i in range(COLUMNS)) + "\n")
        for row, (moment, line) in enumerate(zip(times, values.tolist(), strict=True)):
            cells = [repr(value) for value in line]
            plain.write(f"{moment},{','.join(cells)}\n")
            if row % 1_000 == 7:
                cells[3] = "Bad"
            odd.write(f"{moment};{';'.join(cells).replace('.', ',')}\n")
    return {"clean": clean, "messy": messy}


def ours(path: str) -> int:
    from lineshaft.connect.files import read_files

    return len(read_files(path))


def pandas(path: str) -> int:
    import pandas as pd

    return len(pd.read_csv(path))


def polars(path: str) -> int:
    import polars as pl  # type: ignore[import-not-found, unused-ignore] # a peer that need not be here

    return int(pl.read_csv(path).height)


def duckdb(path: str) -> int:
    import duckdb as db

    return len(db.execute("SELECT * FROM read_csv(?)", [path]).fetchnumpy()["time"])


READERS: dict[str, Callable[[str], int]] = {"ours": ours, "pandas": pandas, "polars": polars, "duckdb": duckdb}


def measured(reader: str, path: Path, rows: int) -> tuple[float | None, float | None]:
    """CPU seconds and resident megabytes, None where the reader gives up or reads another table."""
    script = [sys.executable, __file__, "--one", reader, str(path)]
    done = subprocess.run(script, capture_output=True, text=True, check=False)
    if done.returncode:
        return None, None
    count, seconds, megabytes = done.stdout.split()
    return (float(seconds), float(megabytes)) if int(count) == rows else (None, None)


def peak_mb() -> float:
    """Greatest resident size; Linux counts the parent's into ``ru_maxrss``, so its own mark is read there."""
    status = Path("/proc/self/status")
    if status.exists():
        mark = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return float(mark.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def one(reader: str, path: str) -> None:
    """In the process of its own: read once, print rows, CPU seconds and the greatest resident size."""
    start = time.process_time()
    count = READERS[reader](path)
    print(count, time.process_time() - start, peak_mb())


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--one", nargs=2, help="used by the benchmark itself")
    chosen = parser.parse_args()
    if chosen.one:
        one(*chosen.one)
        return
    figures: dict[str, Any] = {}
    peers: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        files = write(Path(folder), chosen.rows)
        for name, path in files.items():
            figures[f"{name}_mb"] = path.stat().st_size / 1e6
            for reader in READERS:
                into = figures if reader == "ours" else peers
                label = name if reader == "ours" else f"{reader} {name}"
                into[f"{label}_s"], into[f"{label}_rss_mb"] = measured(reader, path, chosen.rows)
    protocol = f"{chosen.rows:,} rows x {COLUMNS} columns, CPU seconds of one read in a fresh process; None: gave up"
    finish(Result("files", protocol, figures, {"clean_s": "aim <= 10 for a million rows"}, peers), as_json=chosen.json)


if __name__ == "__main__":
    main()
