"""From a CSV (or a DataFrame) to a certified, signed bundle, and what it would have said.

    python examples/01_csv_to_bundle.py

Writes plant.csv, bundle/ and the keys into the current folder.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

import lineshaft as ls


def cooling_loop(rows: int = 3000, fault: int = 2400) -> pd.DataFrame:
    """A pump that cools a tank, one row a second; from ``fault`` on its filter clogs."""
    random, t = np.random.default_rng(1), np.arange(rows)
    noise = random.normal(0.0, 1.0, (4, rows))
    clogged = np.clip((t - fault) / 120, 0, 1)
    speed = 1450 + 40 * np.sin(t / 90) + 2 * noise[0]
    flow = 0.02 * speed * (1 - 0.12 * clogged) + 0.1 * noise[1]
    return pd.DataFrame({
        "speed [1/min]": speed, "flow [L/min]": flow,
        "pressure [bar]": 2e-6 * speed**2 * (1 + 0.1 * clogged) + 0.02 * noise[2],
        "temperature [°C]": 60 - 0.5 * (flow - 29) + 0.1 * noise[3],
    }, index=pd.date_range("2024-03-01 06:00", periods=rows, freq="s", tz="UTC", name="time"))


if __name__ == "__main__":
    cooling_loop().to_csv("plant.csv")

    plant = ls.read("plant.csv")  # or ls.from_frame(frame)
    monitor = ls.fit(plant, normal="40%")
    bundle = monitor.save("bundle")
    outcome = monitor.watch(plant)

    print(plant, monitor, f"{monitor.why}.", f"bundle: {bundle}", outcome, sep="\n")
