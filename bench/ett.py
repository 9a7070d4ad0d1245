"""ETT: hourly load and oil temperature of transformers, forecast 96, 192, 336 and 720 hours ahead.

    python bench/ett.py --data ../shared/data/ett --series ETTh1 --json

12 months teach, the next 4 teach nothing (training would calibrate intervals on them), the 4 after them are the test.
The learner is the one that training picks on folds inside the 12 months; it is learnt anew from all 12 for each
horizon, with the same settings. Values are standardised by the 12 months; every row of the test is an origin (stride
1, none dropped), all columns count.
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from forecast_files import Series, ett
from harness import Result, arguments, data_folder, finish, progress
from lineshaft.backend.onnxruntime import execute
from lineshaft.core.dataset import Dataset
from lineshaft.core.tag import Tag
from lineshaft.model.evaluate.interval import bootstrap
from lineshaft.model.examples import Examples
from lineshaft.model.learning import tried
from lineshaft.model.supervised import Candidate, fit, predict
from lineshaft.model.tasks.forecast import Forecast
from stepping import per_step

Matrix = NDArray[np.float64]
MONTH, TRAIN, CALIBRATE, TEST = 720, 12, 4, 4
HORIZONS = (96, 192, 336, 720)
JUDGED_LEADS = (1, 24, 96, 192, 336, 720)  # one choice for all horizons
LONGEST = 721  # rows of past before the test, at least the longest look-back
HOUR_NS = 3_600_000_000_000
BASELINES = {"repeat_last": "naive season 1", "repeat_24h": "naive season 24",
             "mean_of_7_days": "naive season 24, cycles 7"}
PUBLISHED = {"ETTh1": {"hour-of-day 7-day mean": 0.441, "closed-form ridge L=336": 0.405, "TTM 1M zero-shot": 0.394}}


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--data", required=True, help="the folder of the ETT files")
    parser.add_argument("--series", default="ETTh1", help="the series of the leading figures")
    parser.add_argument("--learner", default="auto", help="one learner instead of the choice")
    parser.add_argument("--horizons", type=int, nargs="+", default=list(HORIZONS), help="in hours")
    chosen = parser.parse_args()
    there = ett(data_folder(chosen.data))
    if chosen.series not in there:
        sys.exit(f"{chosen.data}: no series {chosen.series}; there are {', '.join(sorted(there))}")
    figures = measured(chosen.series, there[chosen.series], chosen.learner, chosen.horizons)
    for name in sorted(set(there) - {chosen.series}):
        others = measured(name, there[name], chosen.learner, chosen.horizons, baselines=False)
        figures |= {f"{name}_{key}": others[key] for key in ("learner", "mse_mean", "mae_mean", "mse", "mae")}
    protocol = ("12/4/4 months, standardised by the 12, stride 1, all columns, nothing dropped; look-back up to 720 h; "
                f"learner picked on folds inside the 12 months, one setting for all horizons; {chosen.series}")
    finish(Result("ett", protocol, figures, {"mse_mean": "< 0.394 (ETTh1)"}, PUBLISHED.get(chosen.series, {})),
           as_json=chosen.json)
    return 0


def measured(series: str, found: Series, learner: str, horizons: list[int], baselines: bool = True
             ) -> dict[str, object]:
    """Test figures of the chosen learner, and of the baselines beside it."""
    values, columns = found
    end = (TRAIN + CALIBRATE + TEST) * MONTH
    if len(values) < end:
        sys.exit(f"{series}: {len(values)} rows are fewer than the {end} of 20 months")
    train = values[:TRAIN * MONTH]
    rows = Dataset.of((values[:end] - train.mean(axis=0)) / train.std(axis=0), tuple(Tag(c) for c in columns),
                      period_ns=HOUR_NS)
    begun = time.perf_counter()
    name, why = picked(rows, learner)
    progress(f"{series}: {name} in {time.perf_counter() - begun:.0f} s ({why})")
    figures: dict[str, object] = {"learner": name, "search_seconds": time.perf_counter() - begun}
    errors = errors_of(rows, name, series, horizons)
    figures |= summary(errors) | interval(errors) | {"step_us": step_time(rows, name, max(horizons))}
    if baselines:
        figures["baselines"] = {key: summary(errors_of(rows, own, series, horizons)) for key, own in BASELINES.items()}
    return figures


def picked(rows: Dataset, learner: str) -> tuple[str, str]:
    """The candidate with the least loss on folds inside the training months."""
    task = replace(_task(JUDGED_LEADS), calibration=0.0)
    examples = task.examples(rows.rows(slice(0, TRAIN * MONTH)))
    wanted = [c for c in task.candidates(examples) if learner in ("auto", c.name.partition(" ")[0])]
    trials = [tried(task, one, examples, task.folds(examples), execute) for one in wanted]
    best = min(trials, key=lambda trial: trial.loss)
    return best.name, ", ".join(f"{t.name} {t.loss:.3f}" for t in sorted(trials, key=lambda t: t.loss))


def errors_of(rows: Dataset, name: str, series: str, horizons: list[int]) -> dict[int, tuple[Matrix, Matrix]]:
    """Mean squared and absolute error [origins] of each horizon on the test months."""
    found = {}
    for horizon in horizons:
        begun = time.perf_counter()
        task = _task(tuple(range(1, horizon + 1)))
        taught = task.examples(rows.rows(slice(0, TRAIN * MONTH)))
        one = next(c for c in task.candidates(taught) if c.name == name)
        found[horizon] = tested(one, task, taught, rows, horizon)
        mse = float(found[horizon][0].mean())
        progress(f"{series} {name} {horizon}: mse {mse:.4f}, {time.perf_counter() - begun:.0f} s")
    return found


def tested(one: Candidate, task: Forecast, taught: Examples, rows: Dataset, horizon: int) -> tuple[Matrix, Matrix]:
    """Learnt from the 12 months with a known future inside them, forecast from every origin of the test."""
    whole = fit(one, taught, np.ones(len(taught), np.bool_), execute)
    first = (TRAIN + CALIBRATE) * MONTH
    lead = max(first - LONGEST - int(one.settings["memory"]), 0)
    examples = task.examples(rows.rows(slice(lead, len(rows))))
    origins = np.arange(first - 1 - lead, len(examples) - horizon)
    error = predict(whole, examples, execute)[origins] - examples.target[origins]
    return (error**2).mean(axis=1), np.abs(error).mean(axis=1)


def step_time(rows: Dataset, name: str, horizon: int) -> float:
    """Microseconds of a step that forecasts every hour up to the farthest horizon."""
    task = _task(tuple(range(1, horizon + 1)))
    few = task.examples(rows.rows(slice(0, 4 * MONTH)))
    one = next(c for c in task.candidates(few) if c.name == name)
    return per_step(fit(one, few, np.ones(len(few), np.bool_), execute).graph(("value",)), rows)


def summary(errors: dict[int, tuple[Matrix, Matrix]]) -> dict[str, object]:
    mse, mae = ({str(h): float(e[i].mean()) for h, e in errors.items()} for i in (0, 1))
    return {"mse_mean": float(np.mean(list(mse.values()))), "mae_mean": float(np.mean(list(mae.values()))), "mse": mse,
            "mae": mae}


def interval(errors: dict[int, tuple[Matrix, Matrix]]) -> dict[str, object]:
    """Bootstrap over weeks of origins, since neighbouring ones share almost all of their future."""
    weeks = {h: np.array_split(e[0], max(len(e[0]) // 168, 1)) for h, e in errors.items()}
    units = min(len(parts) for parts in weeks.values())

    def mean(drawn: NDArray[np.intp]) -> float:
        return float(np.mean([np.concatenate([parts[int(i * len(parts) / units)] for i in drawn]).mean()
                              for parts in weeks.values()]))

    low, high = bootstrap(mean, units)
    return {"seeds": 1, "ci_low": low, "ci_high": high}


def _task(ahead: tuple[int, ...]) -> Forecast:
    return Forecast(ahead=ahead)


if __name__ == "__main__":
    sys.exit(main())
