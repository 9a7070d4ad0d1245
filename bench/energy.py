"""German electricity consumption by the day: 1, 7 and 28 days ahead over the last 365 days, a new origin every day.

    python bench/energy.py --data ../shared/data/energy --json

Everything before the last 365 days is what training gets: it picks the learner on folds, and calibrates on the last
quarter. Nothing is learnt anew during the test year. Holidays and the days around Christmas are known ahead. Errors are
mean absolute errors at each of the three leads, in units of the seasonal naive's (7 days) on the training years (MASE).
Peers run in the same call on every fifth origin, one thread each: statsforecast's models with their parameters from the
training years, and mlforecast with LightGBM and the same calendar. ``train_ratio`` is learning the chosen candidate
once over a peer's training, ``search_ratio`` the whole search over it, ``decide_ratio`` one step over one forecast.
"""

from __future__ import annotations

import sys
import time
from datetime import date

import numpy as np
from numpy.typing import NDArray

from forecast_files import energy, german_holidays, nanoseconds
from harness import Result, arguments, data_folder, finish, progress
from lineshaft.backend.onnxruntime import execute
from lineshaft.core.dataset import Dataset
from lineshaft.core.tag import Tag
from lineshaft.graph.replay import Replay
from lineshaft.model.answer import Fitted
from lineshaft.model.evaluate.interval import bootstrap
from lineshaft.model.examples import Examples
from lineshaft.model.given import calendar, with_given
from lineshaft.model.learning import train
from lineshaft.model.pipeline import step_inputs
from lineshaft.model.season import DAY_NS
from lineshaft.model.supervised import fit
from lineshaft.model.tasks.forecast import Forecast
from peers import run
from stepping import per_step

Matrix = NDArray[np.float64]
HORIZONS, TEST, WEEK = (1, 7, 28), 365, 7
APART = 5  # days between two origins of the peers, so that they end in time; every weekday has its turn
REACH = HORIZONS[-1]
RATIOS = {"train_ratio": ("train_s", "training_s"), "search_ratio": ("search_seconds", "training_s"),
          "decide_ratio": ("step_us", "decision_us")}
PROTOCOL = ("daily consumption, test: last 365 days, an origin a day, learnt once on what lies before; MASE against "
            "the seasonal naive (7) of the training years, at exactly that lead; interval of mase_7 by weeks")


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--data", required=True, help="the folder of the daily file")
    parser.add_argument("--learner", default="auto", help="one learner instead of the choice")
    chosen = parser.parse_args()
    days, values = energy(data_folder(chosen.data))
    if len(values) < 2 * TEST + 10 * REACH:
        sys.exit(f"{chosen.data}: {len(values)} days are too few for a test year after a year of training")
    rows, given = table(days, values)
    begun = time.perf_counter()
    model = taught(rows, tuple(given), chosen.learner)
    seconds = time.perf_counter() - begun
    progress(f"{model.learner} in {seconds:.0f} s: {model.why}")
    said, low, high = forecasts(model, rows)
    truth = following(values[:, 0])
    errors = np.abs(said - truth)[origins(values)]
    scale = naive_scale(values)
    covered = ((truth >= low) & (truth <= high))[origins(values)]
    low_95, high_95 = interval(errors / scale)
    peers = run(PEERS, {"y": values[:, 0], "calendar": np.stack(list(given.values()), axis=1),
                        "test": np.array(TEST), "leads": np.array(HORIZONS),
                        "apart": np.array(APART)})
    figures = {"learner": model.learner, **mases(errors, scale), "coverage_90": float(covered.mean()),
               "seeds": 1, "ci_low": low_95, "ci_high": high_95, "search_seconds": seconds,
               "train_s": learnt_in(rows, tuple(given), model.learner), "step_us": per_step(model.graph, rows)}
    figures |= beside(figures, baselines(values, scale), peers, values, scale)
    peers["lineshaft, same origins"] = mases(errors[::-1][::APART], scale)
    finish(Result("energy", PROTOCOL, figures, {"mase_7": "< baseline_best"}, peers), as_json=chosen.json)
    return 0


def table(days: list[date], values: Matrix) -> tuple[Dataset, dict[str, Matrix]]:
    """The rows with the calendar ahead, and that calendar at its own time."""
    holidays = german_holidays(range(days[0].year, days[-1].year + 2))
    around = [day for year in range(days[0].year, days[-1].year + 2)
              for day in (*(date(year, 12, n) for n in (24, 27, 28, 29, 30, 31)), date(year, 1, 2))]
    kinds = {"holiday": [day for day in holidays if day.weekday() < 6],
             "around_new_year": [day for day in around if day.weekday() < 5]}
    columns = calendar(nanoseconds(days[0]), DAY_NS, len(days) + REACH, kinds)
    rows = Dataset.of(values, (Tag("germany/consumption", unit="GW.h"),), period_ns=DAY_NS, start=nanoseconds(days[0]))
    return with_given(rows, columns, REACH), columns


def task_before(rows: Dataset, given: tuple[str, ...]) -> tuple[Forecast, Examples]:
    """The task, and what it learns from: all but the test year."""
    task = Forecast(ahead=HORIZONS, given=given)
    return task, task.examples(rows.rows(slice(0, len(rows) - TEST)))


def taught(rows: Dataset, given: tuple[str, ...], learner: str) -> Fitted:
    return train(*task_before(rows, given), execute, learner=learner)


def learnt_in(rows: Dataset, given: tuple[str, ...], name: str) -> float:
    """Seconds that learning the chosen candidate once takes, without the search."""
    task, examples = task_before(rows, given)
    chosen = next(c for c in task.candidates(examples) if c.name == name)
    begun = time.perf_counter()
    fit(chosen, examples, examples.known & ~task.held_out(examples), execute)
    return time.perf_counter() - begun


def forecasts(model: Fitted, rows: Dataset) -> tuple[Matrix, Matrix, Matrix]:
    """What the graph says at every row [N, H], with its interval."""
    said = Replay(model.graph, execute)(*step_inputs(rows))
    value, low, high = (np.asarray(said[name], np.float64) for name in ("value", "low", "high"))
    return value, low, high


def following(y: NDArray[np.float64]) -> Matrix:
    """The values at the leads [N, H]; NaN beyond the end."""
    padded = np.concatenate([y, np.full(REACH, np.nan)])
    return np.stack([padded[lead:lead + len(y)] for lead in HORIZONS], axis=1)


def origins(values: Matrix) -> slice:
    """Rows whose whole future lies in the test year."""
    return slice(len(values) - TEST - 1, len(values) - REACH)


def naive_scale(values: Matrix) -> float:
    known = values[:-TEST, 0]
    return float(np.nanmean(np.abs(known[WEEK:] - known[:-WEEK])))


def mases(errors: Matrix, scale: float) -> dict[str, float]:
    return {f"mase_{h}": float(np.nanmean(errors[:, place]) / scale) for place, h in enumerate(HORIZONS)}


def interval(errors: Matrix) -> tuple[float, float]:
    """Of mase_7, by bootstrap over weeks of origins."""
    weeks = np.array_split(errors[:, HORIZONS.index(WEEK)], max(len(errors) // WEEK, 1))
    return bootstrap(lambda drawn: float(np.nanmean(np.concatenate([weeks[i] for i in drawn]))), len(weeks))


def baselines(values: Matrix, scale: float) -> dict[str, dict[str, float]]:
    y = values[:, 0]
    repeated = np.stack([np.concatenate([np.full(WEEK, np.nan), y])[(lead - 1) % WEEK + 1:][:len(y)]
                         for lead in HORIZONS], axis=1)
    return {"seasonal_naive": mases(np.abs(repeated - following(y))[origins(values)], scale)}


def beside(own: dict[str, object], plain: dict[str, dict[str, float]], peers: dict[str, object], values: Matrix,
           scale: float) -> dict[str, object]:
    """Baselines and peers on the same origins; ratios of time below 1 mean that ours is quicker."""
    ratios: dict[str, dict[str, float]] = {name: {} for name in RATIOS}
    rows: dict[str, dict[str, float]] = dict(plain)
    for name in [n for n in peers if n != "why"]:
        told = peers.pop(name)
        assert isinstance(told, dict)
        truth = following(values[:, 0])[origins(values)][::-1][::APART][::-1]
        errors = np.abs(np.array(told["said"], np.float64) - truth)
        rows[name] = mases(errors, scale) | {
            "training_s": told["training_s"], "decision_us": told["decision_us"]}
        for ratio, (ours, theirs) in RATIOS.items():
            if told[theirs] is not None:
                ratios[ratio][name] = float(str(own[ours])) / told[theirs]
        peers[name] = rows[name]
    return {"baselines": plain, "baseline_best": min(row["mase_7"] for row in rows.values()), **ratios}


PEERS = """
import pandas as pd
y, calendar, test, leads = given["y"], given["calendar"], int(given["test"]), given["leads"]
reach = int(leads[-1])
y = pd.Series(y).interpolate().to_numpy()
n, apart = len(y), int(given["apart"])
count = (test - reach) // apart + 1
days = pd.date_range("2006-01-01", periods=n, freq="D")
frame = pd.DataFrame({"unique_id": "de", "ds": days, "y": y})

def keep(name, table, training, spent):
    said = table.sort_values(["cutoff", "ds"])[name].to_numpy().reshape(count, reach)[:, leads - 1]
    clear = spent > 0.05 * training  # it is a difference of two runs: less is noise, and no figure
    found[name] = {"said": said.tolist(), "training_s": training, "decision_us": 1e6 * spent / count if clear else None}
    save()

import lightgbm
from mlforecast import MLForecast
names = [f"c{i}" for i in range(calendar.shape[1])]
for i, column in enumerate(names):
    frame[column] = calendar[:n, i]
model = MLForecast(models={"LightGBM": lightgbm.LGBMRegressor(n_estimators=300, learning_rate=0.05, num_leaves=15,
                                                              num_threads=1, verbose=-1)},
                   freq="D", lags=[1, 2, 3, 7, 14, 21, 28], date_features=["dayofyear"])
begun = time.perf_counter()
model.fit(frame.iloc[:n - test], static_features=[])
training = time.perf_counter() - begun
begun = time.perf_counter()
table = model.cross_validation(frame, n_windows=count, h=reach, step_size=apart, refit=False, static_features=[])
keep("LightGBM", table, training, time.perf_counter() - begun - training)

from statsforecast import StatsForecast
from statsforecast.models import AutoARIMA, AutoETS, DynamicOptimizedTheta
frame = frame[["unique_id", "ds", "y"]]
for model in (DynamicOptimizedTheta(season_length=7), AutoETS(season_length=7), AutoARIMA(season_length=7)):
    begun = time.perf_counter()
    StatsForecast(models=[model], freq="D", n_jobs=1).fit(frame.iloc[:n - test])
    training = time.perf_counter() - begun
    begun = time.perf_counter()
    table = StatsForecast(models=[model], freq="D", n_jobs=1).cross_validation(
        df=frame, h=reach, step_size=apart, n_windows=count, refit=False)
    keep(repr(model), table, training, time.perf_counter() - begun - training)
"""


if __name__ == "__main__":
    sys.exit(main())
