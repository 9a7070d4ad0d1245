"""The example of a soft sensor runs as it stands, in an empty folder."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

EXAMPLE = Path(__file__).parents[2] / "examples" / "03_equations_and_data.py"


def test_a_csv_and_an_equation_become_one_graph(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, str(EXAMPLE)], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and done.stderr == "", done.stderr
    assert "infer of turbine: mechanism" in done.stdout and "'coverage'" in done.stdout
    assert {"turbine.csv", "soft_sensor.onnx"} == {one.name for one in tmp_path.iterdir()}
