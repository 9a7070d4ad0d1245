"""Steel plates faults (Buscema, Terzi and Tastle, 2010): seven classes of defects from 27 numbers a defect.

    python bench/steel_plates.py --data ../shared/data/steel_plates --json

Stratified 10-fold, nested: learner and settings are chosen inside each fold's own nine tenths. Macro-F1 over the
pooled answers, beside six plain library classifiers on the same folds.
"""

from __future__ import annotations

import sys
from collections import Counter

import numpy as np

from harness import Result, data_folder, finish
from lineshaft.model.evaluate.interval import bootstrap
from lineshaft.model.examples import Examples
from lineshaft.model.tasks.diagnose import macro_f1
from table_files import examples, nested, rows_of, table_arguments, times

FOLDS, SEARCH_S = 10, 100.0
TYPE = "failure.type"
CLASSES = ("other", "bumps", "K-scratch", "Z-scratch", "pastry", "stains", "dirtiness")


def main() -> int:
    chosen = table_arguments(__doc__, SEARCH_S, FOLDS)
    given = read(*rows_of(data_folder(chosen.data), (TYPE,)))
    kind = given.target[:, 0].astype(np.int64)
    own, beside = nested(given, chosen.folds, chosen.seconds)
    said = own.value.argmax(axis=1)
    low, high = bootstrap(lambda places: macro_f1(kind[places], said[places]), len(kind), draws=300)
    peers = {name: macro_f1(kind, judged.value.argmax(axis=1)) for name, judged in beside.items()}
    naive = macro_f1(kind, np.full(len(kind), np.bincount(kind).argmax()))
    figures = {"macro_f1": macro_f1(kind, said), "accuracy": float((said == kind).mean()),
               "baseline_best": max(peers.values()), "naive": naive, "seeds": 1, "ci_low": low, "ci_high": high,
               "baselines_macro_f1": peers, "chosen": dict(Counter(own.chosen)), **times(own, beside)}
    finish(Result("steel_plates", f"stratified {chosen.folds}-fold, pooled macro-F1 of 7 classes; learner and settings "
                  "chosen inside each fold's own rows; library models with their defaults on the same folds; the "
                  "interval draws rows", figures, {"macro_f1": "> baseline_best"}), as_json=chosen.json)
    return 0


def read(header: list[str], rows: list[list[str]]) -> Examples:
    """The numbers of each defect and its class."""
    inputs = [name for name in header if name not in (TYPE, "target") and _numeric(rows, header.index(name))]
    x = np.array([[float(row[header.index(name)]) for name in inputs] for row in rows])
    codes = np.array([int(float(row[header.index(TYPE)])) for row in rows])
    there = np.unique(codes)
    names = [CLASSES[code] if 0 <= code < len(CLASSES) else str(code) for code in there]
    return examples(x, inputs, np.searchsorted(there, codes), names)


def _numeric(rows: list[list[str]], place: int) -> bool:
    try:
        [float(row[place]) for row in rows]
    except ValueError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
