"""Values that a plant should not give: through the whole way of a file, and into history and back."""

from __future__ import annotations

import contextlib
import io
import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tests.faults.case import Injection, Outcome, case

from lineshaft.app.cli import main
from lineshaft.core.clock import SECOND
from lineshaft.core.sample import Samples
from lineshaft.core.tag import Tag
from lineshaft.historian.store import open_historian

Floats = NDArray[np.float64]
START, TINY = 1_704_067_200, 5e-324
NAMES = ("flow", "Füllstand 温度", "\U0001f321", "a\u202eb", "=1+1", "x" * 300, "a,b", "flow", "../up", "NaN", "0")


def _every(step: int, *values: float) -> Callable[[np.random.Generator, int], Floats]:
    """Noise in which each of ``values`` comes back again and again."""
    def draw(random: np.random.Generator, rows: int) -> Floats:
        found = random.normal(size=rows)
        for place, value in enumerate(values):
            found[place::step] = value
        return found

    return draw


KINDS: dict[str, Callable[[np.random.Generator, int], Floats]] = {
    "sound": lambda random, rows: random.normal(size=rows),
    "constant": lambda random, rows: np.full(rows, 5.0),
    "missing": lambda random, rows: np.full(rows, np.nan),
    "half missing": lambda random, rows: np.where(np.arange(rows) % 2, np.nan, random.normal(size=rows)),
    "one sample": lambda random, rows: np.where(np.arange(rows) == 3, 1.0, np.nan),
    "infinite": _every(5, np.inf, -np.inf),
    "largest": _every(7, 1.7e308, -1.7e308),
    "beyond float32": lambda random, rows: random.normal(size=rows) * 1e39,
    "denormal": lambda random, rows: random.integers(0, 9, rows).astype(np.float64) * TINY,
    "small on large": lambda random, rows: 1e15 + random.normal(size=rows),
    "zeros of both signs": lambda random, rows: np.where(np.arange(rows) % 2, 0.0, -0.0),
    "one spike": lambda random, rows: np.where(np.arange(rows) == rows // 2, 1e30, random.normal(size=rows)),
    "step": lambda random, rows: np.where(np.arange(rows) < rows // 3, 0.0, 1.0),
}


@case(2, 7, times=12, quick=1)
def values_of_chance_from_file_to_decision(at: Injection) -> Outcome:
    """Two to five tags of NaN, infinities, denormals, extremes, constants and odd names: watched, or refused."""
    random = np.random.default_rng(at.seed)
    kinds = [at.chance.choice(list(KINDS)) for _ in range(at.chance.randint(2, 5))]
    rows = at.chance.choice([1, 300, 600, 600, 600, 600])
    file = at.folder / "plant.csv"
    _write(file, at.chance.sample(NAMES, len(kinds)), [KINDS[kind](random, rows) for kind in kinds])
    code, out, said = _watched(file, at.folder / "out")
    lies = [f"{kinds}, {rows} rows: {why}" for why in _wrong(code, out, said)]
    return Outcome(lies=tuple(lies))


SHAPES: dict[str, tuple[int, int, str, str]] = {
    "2,000 tags": (2000, 400, "sound", "t{}"), "one sample": (3, 1, "sound", "t{}"),
    "one tag": (1, 400, "sound", "t"), "a tag many times": (12, 400, "sound", "flow"),
    "all missing": (3, 400, "missing", "t{}"), "all constant": (3, 400, "constant", "t{}"),
    "one sample of each": (3, 400, "one sample", "t{}"), "all denormal": (3, 400, "denormal", "t{}"),
}
"""Tags, rows, kind and name."""


@case(2, 7, 8, times=len(SHAPES), quick=0)
def very_many_and_hardly_any_values(at: Injection) -> Outcome:
    """A file of 2,000 tags, one sample, one tag, one name for all tags, or tags that are all missing, constant,
    denormal or there once: watched, or refused in a sentence."""
    shape = list(SHAPES)[at.seed % len(SHAPES)]
    tags, rows, kind, name = SHAPES[shape]
    random, file = np.random.default_rng(at.seed), at.folder / "plant.csv"
    _write(file, [name.format(number) for number in range(tags)], [KINDS[kind](random, rows) for _ in range(tags)])
    code, out, said = _watched(file, at.folder / "out")
    return Outcome(lies=tuple(f"{shape}: {why}" for why in _wrong(code, out, said)))


def _write(file: Path, names: list[str], columns: list[Floats]) -> None:
    quoted = ['"' + name.replace('"', '""') + '"' for name in names]
    lines = [",".join(["time", *quoted])]
    for row in range(len(columns[0])):
        cells = ["" if np.isnan(column[row]) and row % 3 else repr(float(column[row])) for column in columns]
        lines.append(",".join([np.datetime_as_string(np.datetime64(START + row, "s")), *cells]))
    file.write_text("\n".join(lines) + "\n", "utf-8")


def _watched(file: Path, out: Path) -> tuple[int, str, str]:
    """Exit code, answer and talk of `lineshaft watch`; a library's warning counts as talk."""
    answer, said = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(answer), contextlib.redirect_stderr(said), warnings.catch_warnings():
        warnings.simplefilter("always")
        code = main(["watch", str(file), "--learner", "zscore", "--quiet", "--out", str(out), "-o", "json"])
    return code, answer.getvalue(), said.getvalue()


def _wrong(code: int, out: str, said: str) -> list[str]:
    if code == 2:
        one = said.strip()
        return [] if one.startswith("lineshaft: ") and "\n" not in one else [f"not one sentence: {one[:300]!r}"]
    if code != 0:
        return [f"exit code {code}: {said[-300:]}"]
    told = [f"not silent: {said[:300]!r}"] if said.strip() else []
    found = json.loads(out, parse_constant=lambda word: told.append(f"the answer has {word}"))
    shares = [cause["share"] for alarm in found["alarms"] for cause in alarm["causes"]]
    if any(not 0 <= share <= 1.0000001 for share in shares):
        told.append(f"shares of causes: {shares}")
    return told


@case(1, 7, times=10, quick=1)
def extreme_values_in_history(at: Injection) -> Outcome:
    """Extremes, NaN and zeros of both signs of tags with odd names are stored, merged, and read as they were."""
    random = np.random.default_rng(at.seed)
    paths = [f"works/{name.strip('./')}{place}" for place, name in enumerate(NAMES)]
    rows = at.chance.randint(1, 300)
    values = np.stack([KINDS[at.chance.choice(list(KINDS))](random, rows) for _ in paths], axis=1)
    times = START * SECOND + np.arange(rows, dtype=np.int64) * SECOND
    with open_historian(at.folder / "history") as historian:
        historian.register([Tag(path) for path in paths])
        for row in range(rows):
            historian.append(Samples.row(paths, int(times[row]), values[row]))
        if at.seed % 2:
            historian.compact()
    with open_historian(at.folder / "history") as again:
        found: Any = again.read(paths, int(times[0]), int(times[-1]) + 1)
        lost = sum(int(len(found[path].time) < rows) for path in paths)
        lies = [f"{path}: {found[path].value[:5]} for {values[:5, place]}" for place, path in enumerate(paths)
                if found[path].value.tobytes() != np.ascontiguousarray(values[:, place]).tobytes()]
    return Outcome(len(paths), lost=lost, lies=tuple(lies))
