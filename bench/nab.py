"""NAB: streaming detection on one signal, by the official score and by thresholds that the scored files did not set.

    python bench/nab.py --data ../shared/data/nab --json

Each file goes through one graph, strictly in order; its probation rows give the scale. No setting knows a file.
``standard``, ``low_fp`` and ``low_fn`` are official, which means that the threshold is the best one on the very files
that are scored. ``split_half`` (standard profile) takes it from half of the files and scores the others, both ways,
over several divisions; ``other_folder`` from all folders but the scored one.
"""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from harness import Result, arguments, data_folder, finish, progress
from lineshaft.backend.onnxruntime import execute
from lineshaft.core.dataset import Dataset
from lineshaft.core.tag import Tag
from lineshaft.graph.replay import Replay
from lineshaft.model.evaluate.interval import bootstrap
from lineshaft.model.pipeline import step_inputs
from lineshaft.model.stream import STREAM
from lineshaft.model.train import train_monitor
from nab_scoring import Profile, Series, Vector, best_threshold, normalised, probation, raw

DIVISIONS, RESAMPLES, RANDOM_SEEDS = 10, 200, 10
PROFILES = {"standard": "standard", "low_fp": "reward_low_FP_rate", "low_fn": "reward_low_FN_rate"}
GAUSSIAN_WINDOW, GAUSSIAN_STEP = 6400, 100
PUBLISHED = {"ARTime": {"standard": 74.9}, "Numenta HTM": {"standard": 70.5}, "CAD OSE": {"standard": 69.9},
             "windowed Gaussian": {"standard": 39.6}, "random": {"standard": 11.0}}


@dataclass(frozen=True)
class Signal:
    """One file: where it lies, its values, and what the scorer knows of it."""

    name: str
    values: Vector
    series: Series

    @property
    def folder(self) -> str:
        return self.name.rpartition("/")[0]


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--data", required=True, help="the folder of NAB: data/, labels/, config/")
    chosen = parser.parse_args()
    folder = data_folder(chosen.data)
    signals, profiles = read(folder), read_profiles(folder)
    scores = []
    for signal in signals:
        scores.append(detected(signal.values))
        progress(f"{signal.name}: {len(signal.values)} rows, {signal.series.windows} windows")
    figures = judged(signals, scores, profiles) | {"files": len(signals)}
    peers = {name: official(signals, [detect(s.values) for s in signals], profiles)
             for name, detect in {"windowed Gaussian here": windowed_gaussian, "null here": silent}.items()}
    peers["random here"] = by_chance(signals, profiles)
    finish(Result("nab", "official score (one threshold, best on the scored files); split_half and other_folder take "
                  "it from other files; one configuration, no look ahead", figures,
                  {"standard": "> 75", "split_half": "the honest one"}, {**peers, **PUBLISHED}), as_json=chosen.json)
    return 0


def detected(values: Vector) -> Vector:
    """The score of every row, by the graph that a user gets with ``learner = "novelty"``."""
    dataset = Dataset.of(values[:, None], (Tag("value"),))
    monitor = train_monitor(dataset, np.arange(len(values)) < probation(len(values)), execute, learner=STREAM)
    return np.asarray(Replay(monitor.graph, execute)(*step_inputs(dataset))["score"][:, 0], np.float64)


def judged(signals: Sequence[Signal], scores: Sequence[Vector], profiles: Mapping[str, Profile]) -> dict[str, object]:
    """Official figures, those with a threshold of other files, and an interval over files for the leading one."""
    series, standard = [s.series for s in signals], profiles["standard"]
    halves = [split_half(series, scores, standard, seed) for seed in range(DIVISIONS)]
    low, high = bootstrap(lambda drawn: _best([series[i] for i in drawn], [scores[i] for i in drawn], standard),
                          len(series), draws=RESAMPLES)
    return {**official(signals, scores, profiles), "split_half": float(np.mean(halves)),
            "split_half_low": float(np.min(halves)), "split_half_high": float(np.max(halves)),
            "other_folder": other_folder(signals, scores, standard), "seeds": DIVISIONS,
            "ci_low": low, "ci_high": high}


def official(signals: Sequence[Signal], scores: Sequence[Vector], profiles: Mapping[str, Profile]) -> dict[str, float]:
    """The three profiles, each with its own best threshold."""
    series = [s.series for s in signals]
    return {name: _best(series, scores, profile) for name, profile in profiles.items()}


def split_half(series: Sequence[Series], scores: Sequence[Vector], profile: Profile, seed: int) -> float:
    """A random half of the files sets the threshold for the other, both ways."""
    order = np.random.default_rng(seed).permutation(len(series))
    first, second = order[:len(order) // 2], order[len(order) // 2:]
    return _with_others_threshold(series, scores, profile, [(first, second), (second, first)])


def other_folder(signals: Sequence[Signal], scores: Sequence[Vector], profile: Profile) -> float:
    """Each folder is scored with the threshold of the others; of a single folder nothing can be said: silence, 0."""
    names = np.array([s.folder for s in signals])
    pairs = [(np.flatnonzero(names != name), np.flatnonzero(names == name)) for name in np.unique(names)]
    return _with_others_threshold([s.series for s in signals], scores, profile, pairs)


def by_chance(signals: Sequence[Signal], profiles: Mapping[str, Profile]) -> dict[str, float]:
    """Uniform random scores, the mean over seeds."""
    found = []
    for seed in range(RANDOM_SEEDS):
        random = np.random.default_rng(seed)
        found.append(official(signals, [random.random(len(s.values)) for s in signals], profiles))
    return {name: float(np.mean([one[name] for one in found])) for name in profiles}


def windowed_gaussian(values: Vector) -> Vector:
    """NAB's baseline: how far in the tails of a normal law over the newest 6,400 rows, which move on by 100."""
    scores, start, stop = np.zeros(len(values)), 0, 1
    mean, deviation = float(values[0]), 1e-6
    sums, squares = np.cumsum(values), np.cumsum(values ** 2)
    for row in range(1, len(values)):
        scores[row] = 1.0 - NormalDist().cdf(-abs(values[row] - mean) / deviation)
        if stop - start < GAUSSIAN_WINDOW:
            stop = row + 1
        elif row + 1 - stop == GAUSSIAN_STEP:
            start, stop = start + GAUSSIAN_STEP, row + 1
        else:
            continue
        count = stop - start
        before = (sums[start - 1], squares[start - 1]) if start else (0.0, 0.0)
        mean = float(sums[stop - 1] - before[0]) / count
        variance = float(squares[stop - 1] - before[1]) / count - mean * mean
        deviation = max(variance, 1e-12) ** 0.5
    return scores


def silent(values: Vector) -> Vector:
    """The null detector."""
    return np.full(len(values), 0.5)


def read(folder: Path) -> list[Signal]:
    """Every file that has an entry in ``combined_windows.json``, wherever it lies below the folder."""
    labels = sorted(folder.rglob("combined_windows.json"))
    files = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*.csv"))}
    if not labels or not files:
        sys.exit(f"{folder}: no combined_windows.json, or no csv beside it; pass --data with the folder of NAB")
    found = []
    for name, windows in sorted(json.loads(labels[0].read_text("utf-8")).items()):
        path = next((p for known, p in files.items() if known == name or known.endswith(f"/{name}")), None)
        if path is not None:
            times, values = read_signal(path.read_text("utf-8"))
            found.append(Signal(name, values, Series.of(len(values), [_rows(times, *w) for w in windows])))
    if not found:
        sys.exit(f"{folder}: no csv has an entry in {labels[0].name}; pass --data with the folder of NAB")
    return found


def read_signal(text: str) -> tuple[NDArray[np.datetime64], Vector]:
    """Timestamps and values of one file."""
    rows = list(csv.DictReader(io.StringIO(text)))
    times = np.array([row["timestamp"].strip().replace(" ", "T") for row in rows], "datetime64[us]")
    return times, np.array([float(row["value"]) for row in rows])


def read_profiles(folder: Path) -> dict[str, Profile]:
    """The three profiles by our names."""
    paths = sorted(folder.rglob("profiles.json"))
    if not paths:
        sys.exit(f"{folder}: no profiles.json; pass --data with the folder of NAB, config/ included")
    told = json.loads(paths[0].read_text("utf-8"))
    weights = {name: told[official_name]["CostMatrix"] for name, official_name in PROFILES.items()}
    return {name: Profile(w["tpWeight"], w["fpWeight"], w["fnWeight"]) for name, w in weights.items()}


def _best(series: Sequence[Series], scores: Sequence[Vector], profile: Profile) -> float:
    """With the threshold that is best on these very files, as the definition has it."""
    return normalised(series, scores, best_threshold(series, scores, profile), profile)


def _rows(times: NDArray[np.datetime64], first: str, last: str) -> tuple[int, int]:
    start, stop = (np.datetime64(text.replace(" ", "T"), "us") for text in (first, last))
    inside = np.flatnonzero((times >= start) & (times <= stop))
    return int(inside[0]), int(inside[-1])


def _with_others_threshold(series: Sequence[Series], scores: Sequence[Vector], profile: Profile,
                           pairs: Sequence[tuple[NDArray[np.intp], NDArray[np.intp]]]) -> float:
    """Over (files that set the threshold, files that it scores), normalised over all that were scored."""
    def some(of: Callable[[Sequence[Series], Sequence[Vector], float, Profile], float], rows: NDArray[np.intp],
             threshold: float) -> float:
        return of([series[i] for i in rows], [scores[i] for i in rows], threshold, profile)

    total = silence = 0.0
    for setting, scored in pairs:
        threshold = best_threshold([series[i] for i in setting], [scores[i] for i in setting],
                                   profile) if len(setting) else np.inf
        total += some(raw, scored, threshold)
        silence += some(raw, scored, np.inf)
    perfect = profile.tp * sum(series[i].windows for _, scored in pairs for i in scored)
    return float(100.0 * (total - silence) / max(perfect - silence, 1e-30))


if __name__ == "__main__":
    sys.exit(main())
