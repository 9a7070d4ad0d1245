"""Wind turbine power curve: power from wind speed and direction, as data alone and over the maker's own curve.

    python bench/turbine.py --data ../shared/data/energy --json

A mechanism given as an equation (the maker's curve, a column) with a learnt residual, beside data alone and plain
library models. The first 60 % of the year learn (candidates judged by later time inside them), the last 40 % test.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

from harness import Result, arguments, data_folder, finish, progress
from lineshaft.core.dataset import Dataset
from lineshaft.core.tag import Tag
from lineshaft.model.tasks.infer import Infer, errors
from monitor_files import members
from soft_sensor import plain, rmse, sensed, table

SET = "energy"
POWER, SPEED, CURVE, DIRECTION = "ActivePower", "Wind Speed", "TheoreticalPower", "Wind Direction"
LEARN, DAY, PERIOD_NS, SEARCH_S = 0.6, 144, 600_000_000_000, 120.0
EVERY = 3  # rows: half an hour is enough for a curve, and a third of the time


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--data", required=True, help="the folder of the turbine's file")
    parser.add_argument("--seconds", type=float, default=SEARCH_S, help="of each of the two searches")
    chosen = parser.parse_args()
    whole = read(data_folder(chosen.data))
    cut = round(LEARN * len(whole))
    train, test = whole.rows(slice(0, cut)), whole.rows(slice(cut, len(whole)))
    values, _, _ = plain(train, test, "power")
    truth = table(test, "power")[1]
    data = sensed(Infer(("power",)), train, test, chosen.seconds)
    both = sensed(Infer(("power",), equations="curve"), train, test, chosen.seconds)
    beside = rmse(truth, values)
    figures: dict[str, Any] = {
        **both.figures(DAY), "data_alone_rmse": errors(data.target, data.value)["rmse"],
        "makers_curve_rmse": errors(truth, test.values[:, 1])["rmse"], "baseline_best": min(beside.values()),
        "naive": float(truth.std()), "baselines_rmse": beside}
    finish(Result("turbine", "wind turbine power [kW], every third of its 10-minute rows; first 60 % of the year "
                  "learn, last 40 % test; the equation is the maker's curve; intervals by days", figures,
                  {"rmse": "< baseline_best"}), as_json=chosen.json)
    return 0


def read(folder: Path) -> Dataset:
    """Speed, maker's curve, direction and power, in order of time."""
    for name, content in members(folder):
        lines = content.decode("utf-8", "replace").splitlines() if name.endswith(".csv") else []
        header = lines[0].split(",") if lines else []
        places = [next((i for i, word in enumerate(header) if word.startswith(start)), -1)
                  for start in (SPEED, CURVE, DIRECTION, POWER)]
        if min(places) >= 0:
            words = [line.split(",") for line in lines[1::EVERY] if line.strip()]
            rows = np.array([[float(row[i]) for i in places] for row in words])
            around = np.deg2rad(rows[:, 2])
            parts = [rows[:, 0], rows[:, 1], np.sin(around), np.cos(around), rows[:, 3]]
            progress(f"{name}: {len(rows)} rows")
            tags = tuple(Tag(name) for name in ("wind", "curve", "north", "east", "power"))
            return Dataset.of(np.column_stack(parts), tags, period_ns=PERIOD_NS * EVERY)
    sys.exit(f"{folder}: no CSV with columns {POWER}, {SPEED}, {CURVE} and {DIRECTION}; pass --data with its folder")


if __name__ == "__main__":
    sys.exit(main())
