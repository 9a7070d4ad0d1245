"""From an export to a soft sensor: what the analyser would read, from the tags that are read all the time.

    python examples/02_soft_sensor.py

Writes turbine.csv, sensor/ and the keys into the current folder.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

import lineshaft as ls


def turbine(rows: int = 1000) -> pd.DataFrame:
    """A gas turbine, one row a minute; its NOX analyser is read with the other tags."""
    random, t = np.random.default_rng(1), np.arange(rows)
    ambient = 12 + 6 * np.sin(t / 230) + 0.2 * random.normal(size=rows)
    load = 130 + 8 * np.sin(t / 61) + 0.5 * random.normal(size=rows)
    inlet = 1080 + 1.4 * (load - 130) - 0.8 * (ambient - 12) + random.normal(size=rows)
    return pd.DataFrame({
        "ambient [°C]": ambient, "load [MW]": load, "inlet [°C]": inlet,
        "NOX [mg/m3]": 62 + 0.45 * (inlet - 1080) - 0.7 * (ambient - 12) + 0.4 * random.normal(size=rows),
    }, index=pd.date_range("2024-03-01 06:00", periods=rows, freq="min", tz="UTC", name="time"))


if __name__ == "__main__":
    turbine().to_csv("turbine.csv")

    sensor = ls.fit("turbine.csv", task="infer", target="NOX", adapt=False)
    bundle = sensor.save("sensor")
    said = sensor.predict()

    print(sensor, f"{sensor.why}.", f"bundle: {bundle}", said[["NOX", "NOX low", "NOX high", "known"]].tail(), sep="\n")
