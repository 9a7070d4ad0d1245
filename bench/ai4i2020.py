"""AI4I 2020 (Matzka, 2020; synthetic): will the milling machine fail, from six columns of 10,000 independent rows.

    python bench/ai4i2020.py --data ../shared/data/ai4i2020 --json

Stratified 5-fold, nested: learner and settings are chosen inside each fold's own rows. The five columns of failure
modes are no inputs. Average precision (PR-AUC) leads; F1 is at a probability of one half. The set is made by known
rules, so the causes that the graph names at rows of one rule alone are held against the columns of that rule.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from harness import Result, data_folder, finish
from lineshaft.model.evaluate.interval import bootstrap
from lineshaft.model.examples import Examples
from table_files import examples, nested, rows_of, table_arguments, times

FOLDS, SEARCH_S = 5, 150.0
FAILURE = "Machine.failure"
RULES: Mapping[str, tuple[str, ...]] = {"HDF": ("air", "process", "speed"), "PWF": ("speed", "torque"),
                                       "OSF": ("wear", "torque", "type"), "TWF": ("wear",)}
"""The columns that each mode's rule looks at."""
WORDS = {"air": "air", "process": "process", "speed": "speed", "torque": "torque", "wear": "wear"}
TYPES = {"L": 0.0, "M": 1.0, "H": 2.0}


def main() -> int:
    chosen = table_arguments(__doc__, SEARCH_S, FOLDS)
    given, modes = read(*rows_of(data_folder(chosen.data), (FAILURE, "Type")))
    kind = given.target[:, 0].astype(np.int64)
    own, beside = nested(given, chosen.folds, chosen.seconds)
    low, high = bootstrap(lambda places: average_precision(kind[places], own.value[places, 1]), len(kind), draws=300)
    ranked = {name: average_precision(kind, judged.value[:, 1]) for name, judged in beside.items() if name != "svc"}
    sharp = {name: f1(kind, judged.value.argmax(axis=1)) for name, judged in beside.items()}
    figures = {"pr_auc": average_precision(kind, own.value[:, 1]), "f1": f1(kind, own.value.argmax(axis=1)),
               "recall_at_precision_90": recall_at(kind, own.value[:, 1], 0.9), "baseline_best": max(ranked.values()),
               "baseline_best_f1": max(sharp.values()), "naive": float(kind.mean()), "seeds": 1, "ci_low": low,
               "ci_high": high, "baselines_pr_auc": ranked, "baselines_f1": sharp, "chosen": dict(Counter(own.chosen)),
               "causes_of_the_rule": causes(given, modes, own.cause), **times(own, beside)}
    finish(Result("ai4i2020", f"stratified {chosen.folds}-fold, pooled; learner and settings chosen inside each fold's "
                  "own rows; none of the five mode columns is an input; library models with their defaults on the same "
                  "folds; the interval draws rows", figures, {"pr_auc": "> baseline_best", "f1": "> baseline_best_f1"}),
           as_json=chosen.json)
    return 0


def read(header: list[str], rows: list[list[str]]) -> tuple[Examples, dict[str, NDArray[np.bool_]]]:
    """The six inputs and the failure, and the rows of each mode that says why."""
    columns = {key: next(i for i, name in enumerate(header) if word in name.lower()) for key, word in WORDS.items()}
    parts = {key: [float(row[place]) for row in rows] for key, place in columns.items()}
    parts["type"] = [TYPES.get(row[header.index("Type")].strip(), 0.0) for row in rows]
    kind = np.array([int(float(row[header.index(FAILURE)])) for row in rows])
    modes = {mode: np.array([float(row[header.index(mode)]) > 0 for row in rows]) for mode in RULES if mode in header}
    return examples(np.array(list(parts.values())).T, list(parts), kind, ("runs", "fails")), modes


def causes(given: Examples, modes: Mapping[str, NDArray[np.bool_]], cause: NDArray[np.float64]) -> dict[str, float]:
    """Of failures by one rule alone: how often the greatest cause [N, C], by a model that never saw the row, is a
    column of that rule. Guessing would give the share of columns, 1/6 to 1/2."""
    names = [tag.name for tag in given.dataset.tags]
    many = np.sum(list(modes.values()), axis=0) if modes else np.zeros(len(given))
    first = np.array([names[place] for place in cause.argmax(axis=1)])
    rows = {mode: mask & (many == 1) & (given.target[:, 0] > 0) for mode, mask in modes.items()}
    return {mode: float(np.isin(first[mask], RULES[mode]).mean()) for mode, mask in rows.items() if mask.any()}


def average_precision(kind: NDArray[np.int64], score: NDArray[np.float64]) -> float:
    """Mean precision at each positive, by falling score; equal scores count together."""
    order = np.argsort(-score, kind="stable")
    hits, last = np.cumsum(kind[order]), np.append(np.diff(score[order]) != 0, True)
    precision, recall = (hits / np.arange(1, len(kind) + 1))[last], (hits / max(hits[-1], 1))[last]
    return float((np.diff(recall, prepend=0.0) * precision).sum())


def recall_at(kind: NDArray[np.int64], score: NDArray[np.float64], precision: float) -> float:
    """The greatest recall at which so much precision is kept."""
    order = np.argsort(-score, kind="stable")
    hits = np.cumsum(kind[order])
    kept = hits / np.arange(1, len(kind) + 1) >= precision
    return float((hits[kept] / max(hits[-1], 1)).max()) if kept.any() else 0.0


def f1(kind: NDArray[np.int64], said: NDArray[np.int64]) -> float:
    """Of the failures."""
    both = ((kind == 1) & (said == 1)).sum()
    return float(2 * both / max((kind == 1).sum() + (said == 1).sum(), 1))


if __name__ == "__main__":
    sys.exit(main())
