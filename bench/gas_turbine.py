"""Gas turbine emissions (Kaya, Tuefekci and Uzun, 2019): CO and NOX from process tags, learnt on years before.

    python bench/gas_turbine.py --data ../shared/data/gas_turbine --json

The last two years test and nothing else; candidates are judged by later time inside the years before (growing
history; the last tenth of those years calibrates the interval). Two soft sensors a target. The ADAPTING one leads: it
is given the measured target of every EARLIER hour, one hour late, as an analyser beside it would give it; it is
compared with the last measured value, with library models that are told it, and with the static ones (baseline_best is
the least of all). The STATIC one never sees the target of a test hour, nor do the plain library models beside it.
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
from soft_sensor import Sensed, informed, plain, rmse, sensed, table

TARGETS, TESTED = ("NOX", "CO"), 2
HOUR_NS, WEEK = 3_600_000_000_000, 168
SEARCH_S = 130.0
PROTOCOL = ("first years learn (candidates judged by later time inside them), last two test; the first target (NOX) "
            "leads. Adapting (leading): knows the measured target of each hour before, one hour late; baseline_best: "
            "least of the last value, library models told it, and plain ones. static_*: no target of the test years is "
            "seen; static_baseline_best: the best plain library model. Intervals draw weeks")


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--data", required=True, help="the folder of gt_YEAR.csv")
    parser.add_argument("--seconds", type=float, default=SEARCH_S, help="of each of the four searches")
    parser.add_argument("--target", choices=TARGETS, nargs="*", default=TARGETS, help="these alone")
    chosen = parser.parse_args()
    years = read(data_folder(chosen.data))
    split = len(years) - TESTED
    names = list(years)
    figures: dict[str, Any] = {}
    for target in (t for t in chosen.target if t in columns(years)):
        other = [t for t in TARGETS if t != target]
        train, test = (joined({y: years[y] for y in part}, other) for part in (names[:split], names[split:]))
        found = of(target, train, test, chosen.seconds)
        figures |= found if target == chosen.target[0] else {f"{target.lower()}_{name}": v for name, v in found.items()}
    figures |= {"train_years": names[:split], "test_years": names[split:]}
    aims = {"rmse": "< baseline_best", "static_rmse": "< static_baseline_best"}
    finish(Result("gas_turbine", PROTOCOL, figures, aims), as_json=chosen.json)
    return 0


def of(target: str, train: Dataset, test: Dataset, seconds: float) -> dict[str, Any]:
    """All figures of one target, those of the adapting sensor without a prefix."""
    values, learnt, decided = plain(train, test, target)
    (_, told), (_, truth) = table(train, target), table(test, target)
    adapting = sensed(Infer((target,), adapt=True), train, test, seconds)
    static = sensed(Infer((target,)), train, test, seconds)
    beside, known = rmse(truth, values), rmse(truth, informed(train, test, target))
    everyone = {**known, **beside}
    best, plainest = (min(some, key=lambda name: some[name]) for some in (everyone, beside))
    own = {**static.figures(WEEK), **speed(static, learnt, decided), "baseline_best": beside[plainest],
           "baseline_best_name": plainest, "baseline_best_r2": errors(truth, values[plainest])["r2"]}
    return {**adapting.figures(WEEK), "baseline_best": everyone[best], "baseline_best_name": best,
            "baselines_rmse": everyone, "naive_mean_rmse": errors(truth, np.full(len(truth), told.mean()))["rmse"],
            **speed(adapting, learnt, decided), **{f"static_{name}": value for name, value in own.items()}}


def speed(own: Sensed, learnt: dict[str, float], decided: dict[str, float]) -> dict[str, Any]:
    """Ours over scikit-learn's random forest and ridge in this run: under 1 is faster."""
    return {"search_s": own.search_s,
            "train_ratio": {name: own.train_s / learnt[name] for name in ("random forest", "ridge")},
            "decide_ratio": {name: own.decide_s / decided[name] for name in ("random forest", "ridge")}}


def read(folder: Path) -> dict[str, tuple[list[str], np.ndarray[Any, np.dtype[np.float64]]]]:
    """Names and rows [N, C] of every year, in order of their names."""
    found = {}
    for name, content in members(folder):
        lines = content.decode("utf-8-sig", "replace").splitlines() if name.endswith(".csv") else []
        header = [word.strip() for word in lines[0].split(",")] if lines else []
        if set(TARGETS) & set(header):
            found[Path(name).stem] = header, np.array([[float(v or "nan") for v in line.split(",")]
                                                       for line in lines[1:] if line.strip()])
    if len(found) <= TESTED:
        sys.exit(f"{folder}: {len(found)} files with a column {' or '.join(TARGETS)} are here, and at least "
                 f"{TESTED + 1} are needed: some years to learn from, the last two to test")
    return dict(sorted(found.items()))


def columns(years: dict[str, Any]) -> set[str]:
    """Names that every year has."""
    return set.intersection(*(set(header) for header, _ in years.values()))


def joined(years: dict[str, Any], without: list[str]) -> Dataset:
    """Years one after another, each a run of its own, columns in the order of the first."""
    kept = [name for name in next(iter(years.values()))[0] if name in columns(years) and name not in without]
    parts = [values[:, [header.index(name) for name in kept]] for header, values in years.values()]
    run = np.repeat(np.arange(len(parts), dtype=np.int32), [len(part) for part in parts])
    progress(f"{', '.join(years)}: {len(run)} hours, {len(kept)} columns")
    return Dataset.of(np.vstack(parts), tuple(Tag(name) for name in kept), period_ns=HOUR_NS, run=run)


if __name__ == "__main__":
    sys.exit(main())
