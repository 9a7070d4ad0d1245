"""Units of tags: UCUM codes (https://ucum.org), and what comes in another one than it was asked for in."""

from __future__ import annotations

from collections.abc import Iterable, Set

import numpy as np

from lineshaft.core.quality import BAD_CONFIGURATION_ERROR, usable
from lineshaft.core.sample import Samples
from lineshaft.core.tag import Tag

# UCUM code: (UNECE common code, what people write)
UNITS: dict[str, tuple[str, str]] = {
    "1": ("C62", "1"), "%": ("P1", "%"), "[ppm]": ("59", "ppm"), "dB": ("2N", "dB"), "[pH]": ("Q30", "pH"),
    "Cel": ("CEL", "°C"), "K": ("KEL", "K"), "[degF]": ("FAH", "°F"),
    "Pa": ("PAL", "Pa"), "hPa": ("A97", "hPa"), "kPa": ("KPA", "kPa"), "MPa": ("MPA", "MPa"),
    "bar": ("BAR", "bar"), "mbar": ("MBR", "mbar"), "[psi]": ("PS", "psi"), "atm": ("ATM", "atm"),
    "m": ("MTR", "m"), "mm": ("MMT", "mm"), "cm": ("CMT", "cm"), "km": ("KMT", "km"), "um": ("4H", "µm"),
    "[in_i]": ("INH", "in"), "[ft_i]": ("FOT", "ft"),
    "m2": ("MTK", "m²"), "cm2": ("CMK", "cm²"), "mm2": ("MMK", "mm²"),
    "m3": ("MTQ", "m³"), "L": ("LTR", "l"), "mL": ("MLT", "ml"), "[gal_us]": ("GLL", "gal (US)"),
    "s": ("SEC", "s"), "ms": ("C26", "ms"), "us": ("B98", "µs"), "min": ("MIN", "min"), "h": ("HUR", "h"),
    "d": ("DAY", "d"),
    "kg": ("KGM", "kg"), "g": ("GRM", "g"), "mg": ("MGM", "mg"), "t": ("TNE", "t"), "[lb_av]": ("LBR", "lb"),
    "kg/m3": ("KMQ", "kg/m³"), "g/L": ("GL", "g/l"), "mg/L": ("M1", "mg/l"), "g/cm3": ("23", "g/cm³"),
    "m/s": ("MTS", "m/s"), "mm/s": ("C16", "mm/s"), "m/min": ("2X", "m/min"), "km/h": ("KMH", "km/h"),
    "m/s2": ("MSK", "m/s²"),
    "Hz": ("HTZ", "Hz"), "kHz": ("KHZ", "kHz"), "MHz": ("MHZ", "MHz"),
    "/s": ("C97", "s⁻¹"), "/min": ("C94", "min⁻¹"), "{rpm}": ("RPM", "r/min"),
    "deg": ("DD", "°"), "rad": ("C81", "rad"), "rad/s": ("2A", "rad/s"),
    "N": ("NEW", "N"), "kN": ("B47", "kN"), "N.m": ("NU", "N·m"),
    "L/min": ("L2", "l/min"), "L/s": ("G51", "l/s"), "L/h": ("E32", "l/h"),
    "m3/h": ("MQH", "m³/h"), "m3/s": ("MQS", "m³/s"), "m3/min": ("G53", "m³/min"),
    "kg/s": ("KGS", "kg/s"), "kg/min": ("F31", "kg/min"), "kg/h": ("E93", "kg/h"), "t/h": ("E18", "t/h"),
    "J": ("JOU", "J"), "kJ": ("KJO", "kJ"), "MJ": ("3B", "MJ"),
    "W.h": ("WHR", "W·h"), "kW.h": ("KWH", "kW·h"), "MW.h": ("MWH", "MW·h"),
    "W": ("WTT", "W"), "kW": ("KWT", "kW"), "MW": ("MAW", "MW"),
    "V.A": ("D46", "V·A"), "kV.A": ("KVA", "kV·A"), "var": ("D44", "var"), "kvar": ("KVR", "kvar"),
    "V": ("VLT", "V"), "mV": ("2Z", "mV"), "kV": ("KVT", "kV"),
    "A": ("AMP", "A"), "mA": ("4K", "mA"), "uA": ("B84", "µA"),
    "Ohm": ("OHM", "Ω"), "kOhm": ("B49", "kΩ"), "C": ("COU", "C"), "F": ("FAR", "F"), "T": ("D33", "T"),
    "Pa.s": ("C65", "Pa·s"), "mPa.s": ("C24", "mPa·s"), "cP": ("C7", "cP"),
    "mol": ("C34", "mol"), "mol/m3": ("C36", "mol/m³"), "mol/L": ("C38", "mol/l"),
    "J/kg": ("J2", "J/kg"), "kJ/kg": ("B42", "kJ/kg"), "W/m2": ("D54", "W/m²"), "lx": ("LUX", "lx"),
    "S/m": ("D10", "S/m"), "mS/cm": ("H61", "mS/cm"), "uS/cm": ("G42", "µS/cm"),
}
_ALSO = {"rpm": "{rpm}", "1/min": "/min", "1/s": "/s", "degC": "Cel", "deg C": "Cel", "degF": "[degF]",
         "ohm": "Ohm", "Nm": "N.m", "kWh": "kW.h", "MWh": "MW.h", "Wh": "W.h", "kVA": "kV.A", "VA": "V.A"}
_SPOKEN = {symbol: ucum for ucum, (_, symbol) in UNITS.items()} | _ALSO  # case matters: mW is not MW


def ucum_of(written: str) -> str:
    """The UCUM code that is usually meant by it, else as it is.

    >>> ucum_of("degC"), ucum_of("bar"), ucum_of("Stk")
    ('Cel', 'bar', 'Stk')
    """
    return written if written in UNITS else _SPOKEN.get(written, written)


def same(one: str, other: str) -> bool:
    """Whether two units are one; so they count where one of them is no known unit, since nothing can be said then.

    >>> same("bar", "kPa"), same("degC", "Cel"), same("", "kPa")
    (False, True, True)
    """
    codes = {ucum_of(one), ucum_of(other)}
    return len(codes) == 1 or not codes <= UNITS.keys()


def misstated(asked: Iterable[Tag], there: Iterable[Tag]) -> frozenset[str]:
    """Paths of tags that are there in another unit.

    >>> misstated([Tag("a", "bar"), Tag("b")], [Tag("a", "kPa"), Tag("b", "K")])
    frozenset({'a'})
    """
    units = {tag.path: tag.unit for tag in there}
    return frozenset(tag.path for tag in asked if tag.path in units and not same(tag.unit, units[tag.path]))


def marked(samples: Samples, paths: Set[str]) -> Samples:
    """The same samples, changed in place: what was usable of these paths is BAD_CONFIGURATION_ERROR."""
    if paths:
        foreign = np.array([tag in paths for tag in samples.tags], np.bool_)[samples.index]
        samples.quality[foreign & usable(samples.quality)] = BAD_CONFIGURATION_ERROR
    return samples
