"""The hidden state of the cell: what a soft sensor or a prognosis is judged by, and no instrument shows."""

from __future__ import annotations

from lineshaft.connect.plant.cell import KG_PER_S, Cell
from lineshaft.connect.plant.hydraulics import LITRES_PER_MINUTE as LPM
from lineshaft.connect.plant.rig import Rig


def truth(rig: Rig) -> dict[str, float]:
    """Values by name: damage 0..1, concentrations mol/L, temperatures Cel, heat kW, UA kW/K, flows L/min."""
    return {**_damage(rig.cell), **_state(rig.cell)}


def _damage(cell: Cell) -> dict[str, float]:
    return {
        "P101.wear": cell.p101.wear, "P101.bearing": cell.p101.bearing, "P101.cavitation": cell.p101.cavitation,
        "P102.wear": cell.p102.wear, "E101.fouling": cell.e101.fouling,
        "T101.leak": cell.t101.leak_flow() * LPM, "line.leak": cell.leaked * LPM,
        "line.blockage": cell.blockage,
    }


def _state(cell: Cell) -> dict[str, float]:
    reactor = cell.r101
    return {
        "R101.temperature": reactor.temperature, "R101.a": reactor.a, "R101.b": reactor.b, "R101.c": reactor.c,
        "R101.conversion": reactor.c / max(reactor.a + reactor.c, 1e-12),
        "R101.reaction_heat": reactor.reaction() * reactor.kinetics.heat * 1000.0,
        "R101.volume": reactor.volume, "T101.concentration": cell.t101.concentration,
        "T102.concentration": cell.t102.concentration, "T101.volume": cell.t101.volume,
        "T102.volume": cell.t102.volume, "E101.heat": cell.heat_exchanged,
        "E101.conductance": cell.e101.conductance(cell.p101.flow * KG_PER_S, cell.hot_flow * KG_PER_S),
        "P101.flow": cell.p101.flow * LPM, "P102.flow": cell.p102.flow * LPM,
        "P101.efficiency": cell.p101.efficiency(), "P102.efficiency": cell.p102.efficiency(),
    }
