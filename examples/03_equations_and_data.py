"""From a CSV to a soft sensor: an equation says most of it, a head learns the rest, one graph holds both.

    python examples/03_equations_and_data.py

Writes turbine.csv and soft_sensor.onnx into the current folder.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

import lineshaft as ls


def turbine(rows: int = 600) -> pd.DataFrame:
    """A wind turbine, one row in ten minutes; its power meter was read on every fourth."""
    random, t = np.random.default_rng(1), np.arange(rows)
    wind = 8 + 3 * np.sin(t / 70) + random.normal(0, 0.7, rows).cumsum() * 0.02
    pitch = np.clip(wind - 9, 0, None) + 0.1 * random.normal(size=rows)
    power = 0.5 * 1.225 * 3.2 * 0.42 * wind**3 * (1 - 0.06 * pitch) + 5 * random.normal(size=rows)
    return pd.DataFrame({"wind [m/s]": wind, "pitch [deg]": pitch, "power [kW]": np.where(t % 4, np.nan, power)},
                        index=pd.date_range("2024-03-01", periods=rows, freq="10min", tz="UTC", name="time"))


if __name__ == "__main__":
    turbine().to_csv("turbine.csv")

    soft = ls.fit("turbine.csv", task="infer", target="power", learner="mechanism",
                  equations="0.5 * rho * area * cp * wind ** 3", constants={"rho": 1.225, "area": 3.2, "cp": 0.42})
    Path("soft_sensor.onnx").write_bytes(soft.learnt.graph)

    print(soft, soft.why, dict(soft.figures), sep="\n")
