"""CWRU bearings: healthy, ball, inner or outer race, of a bearing AND at a load that taught nothing.

    python bench/cwru.py --data ../shared/data/cwru --json

A fault's diameter is a bearing of its own, so each is left out in turn at each load: learnt from the other diameters at
the other loads. All files are brought to 12 kHz and low-passed at 5 kHz, since the healthy ones passed another filter.
There is one healthy recording or few: its first half teaches and its second half tests.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from by_blocks import block_arguments
from cwru_files import HEALTHY, PLACES, RATE, SENSORS, TOP, Recording, blocks, recordings
from harness import Result, data_folder, finish, progress
from lineshaft.backend.onnxruntime import execute
from lineshaft.core.dataset import Dataset
from lineshaft.core.tag import Tag
from lineshaft.graph.replay import Replay
from lineshaft.model.diagnosis import Settings, Vibration
from lineshaft.model.evaluate.interval import bootstrap
from lineshaft.model.examples import Examples
from lineshaft.model.few import few_shot, shots
from lineshaft.model.pipeline import step_inputs
from lineshaft.model.search.limits import Limits
from lineshaft.model.search.run import search
from lineshaft.model.supervised import fit, predict
from lineshaft.model.tasks.diagnose import Diagnose, macro_f1, mean_recall

Numbers = NDArray[np.int64]
SAMPLES = 8192
FEW_BY = "vibration spectrum discriminant"
ORDERS_6205 = {"BPFI": 5.415, "BPFO": 3.585, "BSF": 4.714}
NAMES = (HEALTHY, *PLACES.values())
TOTAL_S = 600.0
PROTOCOL = ("blocks of 0.68 s of an unseen bearing (diameter) at an unseen load, all pairs; everything low-passed at "
            "5 kHz; learnt and chosen on the other bearings at the other loads, whole bearings left out; the healthy "
            "recording is split in time, as there is one; few_shot: the faults of the unseen bearing, its first five "
            "blocks labelled, the others judged")
PUBLISHED = {"envelope rule": {"macro_f1": 0.60}, "strong": {"macro_f1": 0.73}}


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A recording or a half of one; those of one bearing share a group."""

    recording: Recording
    rows: NDArray[np.float64]

    @property
    def group(self) -> int:
        return NAMES.index(self.recording.kind) * 1000 + self.recording.diameter


@dataclass(frozen=True, slots=True, eq=False)
class Said:
    """What came out for one part: its class, and the probabilities [N, classes] of its blocks."""

    kind: int
    value: NDArray[np.float64]


def main() -> int:
    chosen = block_arguments(__doc__, TOTAL_S)
    found = recordings(data_folder(chosen.data))
    progress(f"{len(found)} recordings")
    pairs = sorted({(r.diameter, r.load) for r in found if r.kind != HEALTHY})
    folds = [fold for fold in (split(found, *pair) for pair in pairs) if fold is not None]
    if not folds:
        sys.exit(f"{chosen.data}: no bearing can be left out: two diameters and two loads of a fault are the fewest")
    said, learners, scarce = list[Said](), list[str](), dict[str, list[tuple[Numbers, Numbers]]]()
    for teach, test in folds:
        learnt = learn(teach, Limits(seconds=chosen.seconds / len(folds), learner=chosen.learner))
        learners.append(learnt[1])
        said += [Said(NAMES.index(part.recording.kind), answer(learnt[0], part)) for part in test]
        for name, told in few(teach, test).items():
            scarce.setdefault(name, []).append(told)
        progress(f"{learnt[1]}: {figures_of(said)['macro_f1']:.3f} so far")
    low, high = bootstrap(lambda places: figures_of([said[i] for i in places])["macro_f1"], len(said))
    figures = {**figures_of(said), "seeds": 1, "ci_low": low, "ci_high": high, "folds": len(folds),
               "learners": {name: learners.count(name) for name in sorted(set(learners))},
               **{f"{name}_macro_f1": macro_f1(*(np.concatenate(side) for side in zip(*found, strict=True)))
                  for name, found in scarce.items()},
               "confusion": confusion(said), "naive": 1.0 / len(NAMES) / 2}
    finish(Result("cwru", PROTOCOL, figures, {"macro_f1": "> 0.85"}, PUBLISHED), as_json=chosen.json)
    return 0


def split(found: Sequence[Recording], diameter: int, load: int) -> tuple[list[Part], list[Part]] | None:
    """What teaches and what tests when this bearing is left out at this load; None where a fault is not taught."""
    teach, test = list[Part](), list[Part]()
    for recording in found:
        rows = np.array(list(blocks(recording, SAMPLES)))
        if len(rows) < 2:
            continue
        if recording.kind == HEALTHY:
            teach.append(Part(recording, rows[:len(rows) // 2]))
            test.append(Part(recording, rows[len(rows) // 2:]))
        elif recording.diameter == diameter and recording.load == load:
            test.append(Part(recording, rows))
        elif recording.diameter != diameter and recording.load != load:
            teach.append(Part(recording, rows))
    taught = {part.recording.kind for part in teach}
    return (teach, test) if len(taught) > 1 and {part.recording.kind for part in test} <= taught else None


def learn(parts: Sequence[Part], limits: Limits) -> tuple[bytes, str]:
    """The graph that the search recommends, and its learner's name."""
    found = search(Diagnose(settings_with(ORDERS_6205)), examples(parts), execute, limits=limits).fitted
    return found.graph, found.learner


def few(teach: Sequence[Part], test: Sequence[Part]) -> dict[str, tuple[Numbers, Numbers]]:
    """True and said classes of a bearing's later blocks, five of each class labelled: with and without a source."""
    source, site = examples(teach), examples([part for part in test if part.recording.kind != HEALTHY])
    labelled = shots(site)
    told = replace(site, target=np.where(labelled[:, None], site.target, np.nan))
    candidate = next(c for c in Diagnose(settings_with({})).candidates(source) if c.name == FEW_BY)
    ways = {"few_shot": few_shot(candidate, source, told, execute), "few_shot_without_source":
            fit(candidate, told, labelled, execute), "no_shot": fit(candidate, source, source.known, execute)}
    kind = site.target[~labelled, 0].astype(np.int64)
    return {name: (kind, predict(way, site, execute)[~labelled].argmax(axis=1)) for name, way in ways.items()}


def settings_with(orders: Mapping[str, float]) -> Settings:
    return Settings(vibration=Vibration(SAMPLES, RATE, len(SENSORS), speed_column=0, orders=orders, top=TOP))


def examples(parts: Sequence[Part]) -> Examples:
    sensors = [f"{sensor}[{i}]" for sensor in SENSORS for i in range(SAMPLES)]
    counts = [len(part.rows) for part in parts]
    dataset = Dataset.of(np.vstack([part.rows for part in parts]), tuple(Tag(path) for path in (*sensors, "speed")),
                         period_ns=round(SAMPLES / RATE * 1e9),
                         run=np.repeat(np.arange(len(parts), dtype=np.int32), counts))
    target = np.repeat([float(NAMES.index(part.recording.kind)) for part in parts], counts)[:, None]
    group = np.repeat(np.array([part.group for part in parts], np.int32), counts)
    return Examples(dataset, target, group, NAMES)


def answer(graph: bytes, part: Part) -> NDArray[np.float64]:
    tags = tuple(Tag(f"{i}") for i in range(part.rows.shape[1]))
    return np.asarray(Replay(graph, execute)(*step_inputs(Dataset.of(part.rows, tags)))["value"], np.float64)


def figures_of(said: Sequence[Said]) -> dict[str, float]:
    """By block, by whole recording (the mean of its blocks), and for the faults alone, whatever is healthy left out."""
    kind = np.concatenate([np.full(len(one.value), one.kind) for one in said])
    told = np.concatenate([one.value.argmax(axis=1) for one in said])
    records = np.array([one.kind for one in said]), np.array([int(one.value.mean(axis=0).argmax()) for one in said])
    faults = kind != NAMES.index(HEALTHY)
    return {"macro_f1": macro_f1(kind, told), "macro_f1_by_recording": macro_f1(*records),
            "macro_f1_faults_alone": macro_f1(kind[faults], told[faults]), "recall_mean": mean_recall(kind, told)}


def confusion(said: Sequence[Said]) -> dict[str, str]:
    """Of each class, how many blocks were given to which."""
    table = np.zeros((len(NAMES), len(NAMES)), np.int64)
    for one in said:
        np.add.at(table[one.kind], one.value.argmax(axis=1), 1)
    return {name: " ".join(str(n) for n in row) for name, row in zip(NAMES, table, strict=True)}


if __name__ == "__main__":
    sys.exit(main())
