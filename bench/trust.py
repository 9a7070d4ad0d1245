"""Whether a model knows what it does not know: coverage of its intervals, Shapley values, and the begin of drifts.

    python bench/trust.py --data ../shared/data/gas_turbine --json

Coverage is the share of truths between ``low`` and ``high``, stated 0.9, on rows that neither taught nor calibrated,
of the default tail (`model/tail.py`) behind a default head. Made sets are drawn anew for each seed. Gas turbine: NOX
from the nine process tags, once by year (the first three fifths of the files teach, the last year of these is held
out, the later ones judge) and once by weeks dealt at random, which is what the promise is made for. Steel plates
(classes) and C-MAPSS (life left up to 125, whole engines dealt at random) where their folders lie beside. Shapley
values: exact TreeSHAP values as tests/model/explain/by_shap.py stored them out of the shap package. Drift: one tag of
the process moved by half of its deviation from a random row on, in the second year against the first; the begin as
found.
"""

from __future__ import annotations

import csv
import gzip
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harness import Result, arguments, data_folder, finish, progress
from lineshaft.backend.onnxruntime import execute
from lineshaft.core.dataset import Dataset
from lineshaft.core.tag import Tag
from lineshaft.feedback.onset import onset
from lineshaft.feedback.sensors import sensor_drift
from lineshaft.graph.builder import StepBuilder
from lineshaft.graph.foreign.lightgbm import from_text
from lineshaft.graph.importing.inputs import inputs
from lineshaft.graph.importing.writing import write
from lineshaft.model.evaluate.interval import over_seeds
from lineshaft.model.examples import Examples
from lineshaft.model.explain.tags import Stretch, explain
from lineshaft.model.head import Kind, heads
from lineshaft.model.pipeline import Seen, Wires, replay
from lineshaft.model.supervised import Candidate, fit
from lineshaft.model.tail import finish as with_tail

SET = "gas_turbine"
STATED = 0.9
SEEDS = tuple(range(5))
TARGET, OTHER_TARGET = "NOX", "CO"
WEEK = 168
SHIFT = 0.5
BY_SHAP = Path(__file__).resolve().parents[1] / "tests" / "model" / "explain" / "by_shap.npz"
Matrix = NDArray[np.float64]
Rows = NDArray[np.bool_]


class Tags:
    """The tags themselves as features."""

    reads: tuple[str, ...] = ()

    def fit(self, seen: Seen) -> None:
        """Nothing to learn."""

    def emit(self, g: StepBuilder, wires: Wires) -> Wires:
        return {"features": wires["x"]}


def coverage(given: Examples, teach: Rows, held_out: Rows, judge: Rows, kind: Kind) -> tuple[float, float]:
    """How often the truth lies in the interval of judged rows, each group alike, and the share that is known."""
    wide = given.target.shape[1] if kind == "number" else len(given.names)
    one = Candidate("trees", "tags", lambda: (Tags(),), partial(heads(kind)["trees"], wide, kind, {"trees": 60}))
    whole = with_tail(fit(one, given, teach, execute), given.rows(teach | held_out), held_out[teach | held_out],
                      execute, kind=kind, coverage=STATED)
    seen = replay(whole, given.dataset, ("low", "high", "known"), execute)
    truth = given.target if kind == "number" else np.eye(wide)[given.target[:, 0].astype(int)]
    inside = ((truth >= seen["low"] - 1e-6) & (truth <= seen["high"] + 1e-6))[judge]
    inside = inside.all(axis=1) if kind == "class" else inside.mean(axis=1)
    _, code, count = np.unique(given.group[judge], return_inverse=True, return_counts=True)
    weight = 1.0 / count[code]
    return float((inside * weight).sum() / weight.sum()), float(seen["known"][judge].mean())


def made(kind: str, seed: int) -> tuple[Examples, Kind]:
    """Errors that differ in size by row; that rows of one group share; that follow each other in time; or classes."""
    random = np.random.default_rng(seed)
    groups, each = (100, 30) if kind == "groups" else (3000, 1)
    group = np.repeat(np.arange(groups, dtype=np.int32), each)
    x = random.normal(size=(len(group), 5))
    noise = (0.2 + np.abs(x[:, 1])) * random.normal(size=len(group))
    if kind == "groups":
        noise = noise + np.repeat(random.normal(size=groups), each)
    if kind == "in time":
        for row in range(1, len(noise)):
            noise[row] += 0.8 * noise[row - 1]
    value = np.sin(2 * x[:, 0]) + x[:, 2] + noise
    target = np.digitize(value, (-1.0, 0.0, 1.2)).astype(float) if kind == "classes" else value
    run = np.zeros(len(x), np.int32) if kind == "in time" else group
    dataset = Dataset.of(x, tuple(Tag(f"t{i}") for i in range(5)), run=run)
    names = tuple("abcd") if kind == "classes" else ("y",)
    return Examples(dataset, target[:, None], run if kind == "in time" else group, names), (
        "class" if kind == "classes" else "number")


def parts(given: Examples, seed: int, *, in_order: bool = False) -> tuple[Rows, Rows, Rows]:
    """Groups (of one group: rows in order) in three parts: to teach, to hold out, to judge."""
    names, code = np.unique(given.group, return_inverse=True)
    if len(names) == 1:
        place = np.arange(len(given)) / len(given)
    else:
        order = np.arange(len(names)) if in_order else np.random.default_rng(seed).permutation(len(names))
        place = (np.argsort(order) / len(names))[code]
    return place < 0.5, (place >= 0.5) & (place < 0.75), place >= 0.75


def turbine(folder: Path) -> tuple[list[str], list[Matrix]]:
    """Names of the columns, and the files (years) in order of their names."""
    found: list[Matrix] = []
    names: list[str] = []
    for path in sorted(folder.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file))
        header = [name.strip() for name in rows[0]]
        if TARGET in header and len(rows) > 10:
            names = names or header
            table = np.array([[float(cell) for cell in row] for row in rows[1:]])
            found.append(table[:, np.array([header.index(name) for name in names])])
    if len(found) < 2:
        sys.exit(f"{folder}: fewer than two CSVs with a column {TARGET!r}; pass --data with the folder of gas turbine "
                 "years")
    return names, found


def of_years(names: list[str], years: list[Matrix]) -> Examples:
    """Every row by its own, its year as its group."""
    whole = np.concatenate(years)
    process = [place for place, name in enumerate(names) if name not in (TARGET, OTHER_TARGET)]
    dataset = Dataset.of(whole[:, process], tuple(Tag(names[place]) for place in process))
    year = np.repeat(np.arange(len(years), dtype=np.int32), [len(one) for one in years])
    return Examples(dataset, whole[:, [names.index(TARGET)]], year, (TARGET,))


def of_turbine(names: list[str], years: list[Matrix]) -> dict[str, float]:
    given = of_years(names, years)
    last = max(1, round(0.6 * len(years)))
    teach, held_out = (given.group < last - 1, given.group == last - 1) if last > 1 else _halves(given.group == 0)
    later, known = coverage(given, teach, held_out, given.group >= last, "number")
    weeks = Examples(given.dataset, given.target, (np.arange(len(given)) // WEEK).astype(np.int32), given.names)
    random = [coverage(weeks, *parts(weeks, seed), "number")[0] for seed in SEEDS[:3]]
    return {"coverage_gas_turbine_later_years": later, "known_gas_turbine_later_years": known,
            "coverage_gas_turbine_weeks": float(np.mean(random))}


def of_neighbours(folder: Path) -> dict[str, float]:
    """Coverage on other sets of the parent folder, as far as they are there."""
    found = {}
    others: list[tuple[str, Callable[[Path], Examples | None], Kind]] = [
        ("steel_plates", steel_plates, "class"), ("cmapss", engines, "number")]
    for name, read, kind in others:
        given = read(folder.parent / name)
        if given is not None:
            each = [coverage(given, *parts(given, seed), kind)[0] for seed in SEEDS[:3]]
            found[f"coverage_{name}"] = float(np.mean(each))
    return found


def steel_plates(folder: Path) -> Examples | None:
    """Plates and the kinds of their faults; every row for itself."""
    path = folder / "faults.csv"
    if not path.is_file():
        return None
    with path.open(encoding="utf-8-sig", newline="") as file:
        header, *rows = csv.reader(file)
    table = np.array([[float(cell) for cell in row] for row in rows])
    kind = header.index("failure.type")
    names, code = np.unique(table[:, kind], return_inverse=True)
    features = [place for place, name in enumerate(header) if name not in ("failure.type", "target")]
    number = np.arange(len(table), dtype=np.int32)
    dataset = Dataset.of(table[:, features], tuple(Tag(header[place]) for place in features), run=number)
    return Examples(dataset, code[:, None].astype(float), number, tuple(f"{name:.0f}" for name in names))


def engines(folder: Path) -> Examples | None:
    """Cycles of the first fleet that ran to failure: life left, at most 125 cycles."""
    paths = sorted(folder.glob("train_*.txt.gz"))
    if not paths:
        return None
    with gzip.open(paths[0], "rt") as file:
        table = np.loadtxt(file)
    engine = table[:, 0].astype(np.int32)
    last = np.array([table[engine == one, 1].max() for one in range(int(engine.max()) + 1) if (engine == one).any()])
    left = np.minimum(last[np.searchsorted(np.unique(engine), engine)] - table[:, 1], 125.0)
    dataset = Dataset.of(table[:, 2:], tuple(Tag(f"s{i}") for i in range(table.shape[1] - 2)), run=engine)
    return Examples(dataset, left[:, None], engine, ("life",))


def _halves(rows: Rows) -> tuple[Rows, Rows]:
    place = np.cumsum(rows) / max(1, int(rows.sum()))
    return rows & (place <= 0.5), rows & (place > 0.5)


def of_shap() -> dict[str, float]:
    """Largest difference of the values over their largest size, for exact and for estimated ones."""
    stored = np.load(BY_SHAP)

    def difference(name: str) -> float:
        rows, usual, wanted = (stored[f"{name}_{part}"] for part in ("rows", "background", "values"))
        g, model = StepBuilder(rows.shape[1]), from_text(str(stored[f"{name}_text"]))
        graph = g.model({"score": write(g, model, g.x, inputs(model)).wires["prediction"]})
        background = _stretch(usual[:, None])
        found = [explain(graph, _stretch(row[None]), background, execute).values[:, 0] for row in rows]
        return float(np.abs(np.array(found) - wanted).max() / np.abs(wanted).max())

    return {"shapley_exact_difference": max(difference("tree"), difference("deep")),
            "shapley_estimated_difference": difference("wide")}


def _stretch(x: Matrix) -> Stretch:
    return Stretch(x.astype(np.float32), np.ones(x.shape, np.float32))


def of_sensors(names: list[str], years: list[Matrix]) -> dict[str, float]:
    """Each process tag moved in turn, from three random rows on; and how many of an unmoved year are accused."""
    process = [place for place, name in enumerate(names) if name not in (TARGET, OTHER_TARGET)]
    old, new = years[0][:, process], years[1][:, process]
    random = np.random.default_rng(0)
    accused = {one.column for one in sensor_drift(old, new)}
    named, errors, named_level = 0, [], 0
    trials = [(column, int(at)) for column in range(len(process))
              for at in random.integers(len(new) // 4, 3 * len(new) // 4, 3)]
    for column, at in trials:
        moved = new.copy()
        moved[at:, column] += SHIFT * old[:, column].std()
        found = {one.column: one.onset for one in sensor_drift(old, moved)}
        if column in found:
            named += 1
            errors.append(abs(found[column].begin - at))
        level = onset(old[:, column], moved[:, column])
        named_level += level is not None and abs(level.begin - at) <= WEEK
    return {"sensor_named": named / len(trials), "sensor_accused_unmoved": float(len(accused)),
            "sensor_begin_error_hours": float(np.median(errors)) if errors else float(len(new)),
            "sensor_begin_within_week_alone": named_level / len(trials)}


def of_series(random: np.random.Generator, change: Callable[[Matrix, int], Matrix]) -> float:
    """Median error of the begin in rows: changes by two deviations in 2,000 rows, each half its last."""
    errors = []
    for _ in range(60):
        noise = random.normal(size=4000) * 0.75**0.5
        for row in range(1, len(noise)):
            noise[row] += 0.5 * noise[row - 1]
        at = int(random.integers(200, 1700))
        found = onset(noise[:2000], noise[2000:] + change(np.arange(2000.0), at))
        errors.append(abs(found.begin - at) if found is not None else 2000)
    return float(np.median(errors))


def measure(folder: Path) -> Result:
    names, years = turbine(folder)
    figures: dict[str, float] = {}
    for kind in ("rows", "groups", "in time", "classes"):
        progress(f"coverage, made: {kind}")
        each = []
        for seed in SEEDS:
            given, what = made(kind, seed)
            each.append(coverage(given, *parts(given, seed), what)[0])
        figures[f"coverage_made_{kind.replace(' ', '_')}"] = float(np.mean(each))
        if kind == "rows":
            figures["ci_low"], figures["ci_high"] = over_seeds(each)
    progress("coverage, gas turbine")
    figures |= of_turbine(names, years)
    progress("coverage, sets beside it")
    figures |= of_neighbours(folder)
    progress("Shapley values")
    figures |= of_shap()
    progress("begin of drifts")
    figures |= of_sensors(names, years)
    random = np.random.default_rng(1)
    figures["begin_error_step_rows"] = of_series(random, lambda t, at: np.where(t >= at, 2.0, 0.0))
    figures["begin_error_ramp_rows"] = of_series(random, lambda t, at: 2.0 * np.clip((t - at) / 400, 0, 1))
    return Result("trust", f"coverage at {STATED} on rows that neither taught nor calibrated, trees, {len(SEEDS)} "
                  "seeds (ci_* are of coverage_made_rows); Shapley values beside shap's; injected drifts",
                  {"coverage_stated": STATED, **figures, "seeds": len(SEEDS)},
                  {"coverage_made_rows": "0.9", "shapley_exact_difference": "< 1e-4"})


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--data", type=data_folder, required=True, help="folder with one CSV a year")
    chosen = parser.parse_args()
    finish(measure(chosen.data), as_json=chosen.json)


if __name__ == "__main__":
    main()
