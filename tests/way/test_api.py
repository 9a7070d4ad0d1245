"""The same in Python: five lines from an export to values that a node would have given."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.way.conftest import plant

import lineshaft as ls
from lineshaft.bundle.inspect import look
from lineshaft.core.errors import UsageError

pytestmark = pytest.mark.usefixtures("soft")


def test_an_export_becomes_a_model_its_values_and_a_bundle(tmp_path: Path) -> None:
    plant().to_csv(tmp_path / "plant.csv")
    model = ls.fit(str(tmp_path / "plant.csv"), task="infer", target="NOX", look_back=3)
    assert model.learnt.learner == "ridge" and "naive mean" in model.why and model.figures["held_out_rmse"] < 2
    said = model.predict()
    assert list(said)[:4] == ["NOX", "NOX low", "NOX high", "known"]
    error = (said["NOX"] - plant()["NOX [mg/m3]"])[said["known"]].abs()
    assert len(error) > 400 and error.mean() < 2
    bundle = look(model.save(tmp_path / "bundle")).bundle
    assert bundle.manifest.task == "infer" and len(bundle.manifest.answers) == 1
    assert {one.certificate.backend for one in bundle.lowerings} >= {"c", "onnxruntime"}
    assert all(one.certificate.flips == 0 and one.certificate.parity < 1e-4 for one in bundle.lowerings)


def test_a_gap_is_no_crash_and_a_strange_plant_is_not_known() -> None:
    model = ls.fit(ls.from_frame(plant()), task="infer", target="NOX")
    other = plant(200)
    other.loc[other.index[100]:, "temperature"] += 400
    other.iloc[50:53, 0] = np.nan
    said = model.predict(ls.from_frame(other))
    assert said["known"].iloc[20:50].mean() > 0.8 and not said["known"].iloc[120:].any()


@pytest.mark.parametrize(("words", "says"), [
    ({"task": "infre"}, "did you mean 'infer'?"), ({"task": "infer"}, "must be told what to predict"),
    ({"target": "NOX"}, "a monitor learns what is normal and has no target"),
    ({"task": "infer", "target": "NOX", "loop_back": 3}, "no setting 'loop_back'; did you mean 'look_back'?")])
def test_what_is_wrong_is_told(words: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError) as caught:
        ls.fit(ls.from_frame(plant(200)), **words)
    assert says in str(caught.value)
