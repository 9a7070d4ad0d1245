"""C-MAPSS turbofans: remaining life of engines that were cut short, by the default of the task ``prognose``.

    python bench/cmapss.py --data ../shared/data/cmapss --subset FD001 --json

Every choice is made on training engines, which are split by engine and looked at after random cycles; the test
engines are run through the frozen graph once. Remaining life is told up to a cap of about 125 cycles, so against raw
labels even a perfect answer errs: that floor is printed as ``floor_raw``. For the figures called clipped both the label
and the answer are cut at 125.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness import Result, arguments, data_folder, finish, progress
from life_anchor import anchor
from life_files import Fleet, cmapss, engines
from lineshaft.backend.onnxruntime import execute
from lineshaft.graph.replay import Replay
from lineshaft.model.answer import Fitted
from lineshaft.model.evaluate.interval import bootstrap
from lineshaft.model.examples import Examples
from lineshaft.model.learning import completed, split, train
from lineshaft.model.pipeline import run_spans, step_inputs
from lineshaft.model.prognosis import Settings, score_of
from lineshaft.model.tasks.prognose import Prognose

CLIP = 125.0
SEEDS = 3
PUBLISHED = {"FD001": {"strong (conventions mixed)": 10.97, "DCNN, raw": 12.61},
             "FD002": {"strong (conventions mixed)": 12.55, "DCNN, raw": 22.36},
             "FD003": {"DCNN, raw": 12.64}, "FD004": {"DCNN, raw": 23.31}}
AIMS = {"FD001": {"rmse_clipped": "< 10.5", "rmse_raw": "< 11.5"}, "FD002": {"rmse_clipped": "< 10.0"}}
Vector = NDArray[np.float64]
PROTOCOL = ("learnt and chosen on training engines, folds by engine, judged after random cycles; one run of the frozen "
            "graph over the test engines, its answer after their last cycle; means over seeds, interval of "
            "rmse_clipped over engines; clipped: label and answer cut at 125; with answers up to 125 no model "
            "errs less than floor_raw on raw labels; coverage_90 and width_90 are of the clipped label")


@dataclass(frozen=True, eq=False)
class Said:
    """What was said at the last cycle of every test engine [engines]."""

    value: Vector
    low: Vector
    high: Vector


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--data", required=True, help="the folder of the C-MAPSS files")
    parser.add_argument("--subset", help="one subset, such as FD001, instead of all that are there")
    parser.add_argument("--learner", default="auto", help="one learner instead of the choice")
    parser.add_argument("--seeds", type=int, default=SEEDS, help="how many times the chosen candidate is learnt")
    chosen = parser.parse_args()
    fleets = cmapss(data_folder(chosen.data))
    wanted = [chosen.subset] if chosen.subset else list(fleets)
    if not set(wanted) <= set(fleets):
        sys.exit(f"{chosen.data}: {chosen.subset} is not here; use one of: {', '.join(fleets)}")
    found = side_by_side([(name, fleets[name], chosen.learner, chosen.seeds) for name in wanted])
    peers = {name: naive(fleets[name]) | PUBLISHED.get(name, {}) for name in wanted}
    single = len(wanted) == 1
    finish(Result("cmapss", PROTOCOL, found[wanted[0]] if single else found,
                  AIMS.get(wanted[0], {}) if single else {name: str(aims) for name, aims in AIMS.items()},
                  peers[wanted[0]] if single else peers), as_json=chosen.json)
    return 0


def side_by_side(subsets: Sequence[tuple[str, Fleet, str, int]]) -> dict[str, dict[str, Any]]:
    """Figures by subset; several go two at a time, each on one core."""
    if len(subsets) == 1:
        return {subsets[0][0]: measured(*subsets[0])}
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        going = {subset[0]: pool.submit(measured, *subset) for subset in subsets}
        return {name: one.result() for name, one in going.items()}


def measured(name: str, fleet: Fleet, learner: str, seeds: int) -> dict[str, Any]:
    """Figures of one subset, means over the seeds; the interval is of ``rmse_clipped`` over engines."""
    examples = engines(fleet.train)
    first = train(Prognose(), examples, execute, learner=learner,
                  progress=lambda done, total, text: progress(f"{name}: {done}/{total} {text}"))
    progress(f"{name}: {first.why}")
    models = [first, *(again(first, examples, seed) for seed in range(1, seeds))]
    said = [at_last(model.graph, engines(fleet.test)) for model in models]
    return figures(said, fleet.left) | {
        "learner": first.learner, "seeds": len(models), "cap": first.figures["cap"], "engines": len(fleet.left),
        "validation_rmse": first.figures["held_out_rmse"], "validation_coverage": first.figures["held_out_coverage"]}


def again(first: Fitted, examples: Examples, seed: int) -> Fitted:
    """The chosen candidate learnt anew, other engines calibrating."""
    learning = Prognose(Settings(seed=seed))
    candidate = next(c for c in learning.candidates(examples) if c.name == first.learner)
    trial = next(t for t in first.trials if t.name == first.learner)
    return completed(learning, [candidate], [trial], examples, split(learning, examples)[0], execute)


def at_last(graph: bytes, examples: Examples) -> Said:
    """Every engine through the step graph from its first cycle; the answer after the last."""
    x, quality = step_inputs(examples.dataset)
    through, said = Replay(graph, execute), []
    for start, stop in run_spans(examples.dataset.run):
        wires = through(x[start:stop], quality[start:stop])
        said.append([float(wires[wire][-1, 0]) for wire in ("value", "low", "high")])
    return Said(*np.asarray(said).T)


def figures(said: Sequence[Said], left: Vector) -> dict[str, Any]:
    clipped = np.minimum(left, CLIP)
    values = [one.value for one in said]
    square = np.mean([(np.minimum(value, CLIP) - clipped) ** 2 for value in values], axis=0)
    low, high = bootstrap(lambda places: float(np.sqrt(square[places].mean())), len(left))
    inside = [(one.low <= clipped) & (clipped <= one.high) for one in said]
    return {**rows(values, left), "coverage_90": float(np.mean(inside)),
            "width_90": float(np.mean([(one.high - one.low).mean() for one in said])),
            "floor_raw": rmse(clipped, left), "ci_low": low, "ci_high": high}


def rows(values: Sequence[Vector], left: Vector) -> dict[str, float]:
    """The four figures that are compared."""
    clipped = np.minimum(left, CLIP)
    return {"rmse_raw": mean(rmse(v, left) for v in values), "score_raw": mean(score_of(left, v) for v in values),
            "rmse_clipped": mean(rmse(np.minimum(v, CLIP), clipped) for v in values),
            "score_clipped": mean(score_of(clipped, np.minimum(v, CLIP)) for v in values)}


def naive(fleet: Fleet) -> dict[str, Any]:
    """The mean life that training engines had left, a line on the cycle count, and the anchor; capped as usual."""
    train_rows, test = engines(fleet.train), engines(fleet.test)
    target, age = np.minimum(train_rows.target[:, 0], CLIP), fleet.train[:, 1]
    last = np.array([stop - 1 for _, stop in run_spans(test.dataset.run)])
    slope, offset = np.polyfit(age, target, 1)
    return {"constant mean": rows([np.full(len(last), target.mean())], fleet.left),
            "line on cycles": rows([np.clip(slope * fleet.test[last, 1] + offset, 0, CLIP)], fleet.left),
            "LightGBM on rolling statistics": rows([anchor(fleet.train, target, fleet.test)[last]], fleet.left)}


def rmse(value: Vector, target: Vector) -> float:
    return float(np.sqrt(np.mean((value - target) ** 2)))


def mean(values: Iterable[float]) -> float:
    return float(np.mean(list(values)))


if __name__ == "__main__":
    sys.exit(main())
