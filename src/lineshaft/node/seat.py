"""A bundle's engine at its place in a loop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np

from lineshaft.core.answer import HIGH, KNOWN, LOW, VALUE
from lineshaft.core.errors import Refused
from lineshaft.core.fit import Fit
from lineshaft.core.manifest import Manifest
from lineshaft.core.step import Engine
from lineshaft.node.align import LatestValues
from lineshaft.node.record import Said
from lineshaft.node.rules import LimitRules, Word

SCORE, ALARM, CONFIDENCE, CAUSE = "score", "alarm", "confidence", "cause"


@dataclass(frozen=True, slots=True, eq=False)
class Loaded:
    """What the node is given to run: the app has verified the bundle and loaded its engine (one asset).

    ``verify`` replays the golden sequences through the engine it is given and raises ``Refused`` on a mismatch.
    ``fit`` says what was measured on this machine when the engine was taken.
    """

    engine: Engine
    manifest: Manifest
    digest: str
    verify: Callable[[Engine], None]
    fit: Fit | None = None


class Seat:
    """One engine, the columns of the table it takes, how to read its outputs, and its bundle's rule limits.

    The graph must give ``score`` and ``alarm`` (1 number each); ``confidence`` (1) and ``cause`` [C]
    are read where there are any. Where the manifest names ``answers``, so are ``value`` [V] and, where there are any,
    ``low``, ``high`` [V] and ``known`` (1).
    """

    def __init__(self, loaded: Loaded, tags: Sequence[str]) -> None:
        self.manifest, self.digest, self.engine = loaded.manifest, loaded.digest, loaded.engine
        self.fit = loaded.fit
        self.tags = tuple(tag.path for tag in loaded.manifest.tags)
        self.answers = loaded.manifest.answers
        _check(loaded, self.tags, tags)
        self.rules = LimitRules(loaded.manifest.limits.by_tag, tags)
        place = {tag: i for i, tag in enumerate(tags)}
        columns = np.array([place[tag] for tag in self.tags], np.intp)
        self._columns = None if self.tags == tuple(tags) else columns
        self._x, self._quality = self.engine.x[0], self.engine.quality[0]
        self._step = self.engine.step
        self._mask_version = -1
        names = {port.name for port in loaded.engine.signature.outputs}
        self._confidence, self._explains = CONFIDENCE in names, CAUSE in names
        self._ends = tuple(name for name in (LOW, HIGH) if name in names)
        self._knows = KNOWN in names

    def decide(self, table: LatestValues) -> Word:
        """One step on the table as aligned; what the engine raises passes through."""
        if self._columns is None:
            self._x[:] = table.x
        else:
            np.take(table.x, self._columns, out=self._x, mode="clip")
        if self._mask_version != table.mask_version:
            self._quality[:] = table.quality if self._columns is None else table.quality[self._columns]
            self._mask_version = table.mask_version
        self._step()
        out = self.engine.out
        alarm = out[ALARM].item(0)
        if alarm != alarm:  # NaN must not pass for "no alarm"
            raise ArithmeticError("its alarm is not a number")
        return out[SCORE].item(0), alarm >= 0.5, out[CONFIDENCE].item(0) if self._confidence else 0.0

    def said(self) -> Said:
        """The newest step's values with their intervals; none, and not known, where a number of it is not finite."""
        out = self.engine.out
        values = tuple(out[VALUE].ravel().tolist())
        ends = [tuple(out[name].ravel().tolist()) for name in self._ends]
        if not all(map(isfinite, values)) or not all(isfinite(number) for end in ends for number in end):
            return self.answers, (), (), (), False
        low, high = ends if len(ends) == 2 else ((), ())
        return self.answers, values, low, high, not self._knows or out[KNOWN].item(0) >= 0.5

    def warm(self, x: np.ndarray[tuple[int, ...], np.dtype[np.float32]],
             quality: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> None:
        """One step on a row of past inputs in table order."""
        self._x[:] = x if self._columns is None else x[self._columns]
        self._quality[:] = quality if self._columns is None else quality[self._columns]
        self._mask_version = -1
        self._step()

    def causes(self, most: int) -> tuple[tuple[str, float], ...]:
        """The tags with the largest shares of the newest score; none where the graph does not explain."""
        if not self._explains:
            return ()
        share = np.fmax(self.engine.out[CAUSE].reshape(-1), 0.0)  # NaN becomes 0
        total = float(np.add.reduce(share))
        if not 0.0 < total < np.inf:
            return ()
        order = share.argsort()[:-most - 1:-1].tolist()
        values = share.tolist()
        return tuple([(self.tags[i], values[i] / total) for i in order if values[i] > 0.0])


def _check(loaded: Loaded, wanted: tuple[str, ...], tags: Sequence[str]) -> None:
    engine, loop = loaded.engine, loaded.manifest.loop
    unknown = sorted(set(wanted) - set(tags))
    if unknown:
        raise Refused(f"the bundle reads {len(unknown)} tags that this node does not: {', '.join(unknown[:5])}",
                      where=loop, do="start a node with this bundle instead of swapping it in")
    if engine.assets != 1 or engine.signature.channels != len(wanted):
        raise Refused(f"the engine takes [{engine.assets}, {engine.signature.channels}], the bundle's tags need "
                      f"[1, {len(wanted)}]", where=loop, do="load the engine for one asset")
    sizes = {port.name: int(np.prod(port.shape)) for port in engine.signature.outputs}
    answers = loaded.manifest.answers
    if answers and (sizes.get(VALUE) != len(answers) or sizes.get(KNOWN, 1) != 1
                    or any(sizes.get(name, len(answers)) != len(answers) for name in (LOW, HIGH))):
        raise Refused(f"the graph's outputs {sizes} are not {len(answers)} answers", where=loop,
                      do=f"give {VALUE}, {LOW} and {HIGH} one number an answer, {KNOWN} one number")
    missing = [name for name in (SCORE, ALARM) if sizes.get(name) != 1]
    if missing or sizes.get(CAUSE, len(wanted)) != len(wanted):
        raise Refused(f"the graph's outputs {sizes} are no decision", where=loop,
                      do=f"give {SCORE} and {ALARM} one number each, {CAUSE} one a tag")
