"""The tables of ``docs/plant.md``, written from the code so that they cannot drift from it.

``python -m lineshaft.connect.plant.document docs/plant.md`` brings the page up to date.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from lineshaft.connect.plant.cell import Cell
from lineshaft.connect.plant.control import LOOPS
from lineshaft.connect.plant.faults import FAULTS
from lineshaft.connect.plant.instruments import INSTRUMENTS
from lineshaft.connect.plant.recipe import MODES
from lineshaft.connect.plant.surroundings import DISTURBANCES, Surroundings

_MARKED = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def refresh(page: str) -> str:
    """The page with every ``<!-- table: name --> ... <!-- end -->`` filled from the code."""
    tables = {"tags": _tags, "faults": _faults, "modes": _modes, "loops": _loops, "pumps": _pumps,
              "valves": _valves, "disturbances": _disturbances}
    return _MARKED.sub(lambda found: found[1] + tables[found[2]]() + "\n" + found[3], page)


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def _tags() -> str:
    return _table(("tag", "unit", "range", "lag s", "noise", "writable", "what"), (
        (f"`{each.name}`", each.unit, f"{each.low:g} .. {each.high:g}", f"{each.lag:g}",
         f"{each.noise:g}", "yes" if each.sets else "", each.description) for each in INSTRUMENTS))


def _faults() -> str:
    return _table(("fault", "kind", "what happens at severity 1", "ramp s", "a good diagnosis names first"), (
        (f"`{each.name}`", each.group, each.sentence, f"{each.ramp:g}",
         ", ".join(f"`{name}`" for name in each.expected)) for each in FAULTS.values()))


def _modes() -> str:
    return _table(("mode", "name", "feed A L/min", "reactor Cel", "preheat Cel", "header bar"), (
        (number, mode.name, mode.feed, mode.reactor, mode.preheat, mode.pressure)
        for number, mode in enumerate(MODES)))


def _loops() -> str:
    return _table(("loop", "measures", "moves", "gain %/unit", "integral s", "derivative s"), (
        (name, f"`{loop.measures}`", loop.moves, loop.gain, loop.reset, loop.rate)
        for name, loop in LOOPS.items()))


def _cell() -> Cell:
    return Cell(Surroundings(np.random.default_rng(0)))


def _pumps() -> str:
    cell = _cell()
    pumps = {"P101": cell.p101, "P102": cell.p102, "P103": cell.p103, "P201": cell.p201}
    return _table(("pump", "shut-off head bar", "droop bar h2/m6", "best flow m3/h", "motor kW"), (
        (name, pump.shutoff, pump.droop, pump.best_flow, pump.rated_power) for name, pump in pumps.items()))


def _valves() -> str:
    return _table(("valve", "Kv m3/h", "rangeability", "actuator lag s", "static %", "kinetic %"), (
        (name, valve.kv, valve.rangeability, valve.lag, valve.static, valve.kinetic)
        for name, valve in _cell().valves.items()))


def _disturbances() -> str:
    return _table(("disturbance", "standard deviation", "correlation time s"), (
        (name, each.deviation, each.correlation) for name, each in DISTURBANCES.items()))


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.write_text(refresh(target.read_text("utf-8")), "utf-8")
