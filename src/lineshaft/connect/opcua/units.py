"""UCUM units and OPC UA EUInformation (OPC 10000-8, 5.6.3: UNECE Recommendation 20 common codes)."""

from __future__ import annotations

CEFACT = "http://www.opcfoundation.org/UA/units/un/cefact"
UCUM = "http://unitsofmeasure.org"
NO_CODE = -1

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


def unit_id(common_code: str) -> int:
    """UnitId of a UNECE common code: its ASCII characters as one big-endian number.

    >>> unit_id("CEL")
    4408652
    """
    return int.from_bytes(common_code.encode("ascii"), "big")


_BY_ID = {unit_id(code): ucum for ucum, (code, _) in UNITS.items()}
_SPOKEN = {symbol: ucum for ucum, (_, symbol) in UNITS.items()} | _ALSO  # case matters: mW is not MW


def to_engineering_units(ucum: str) -> tuple[str, int, str]:
    """Namespace URI, UnitId and display name for a UCUM code; an unlisted code travels as its own text.

    >>> to_engineering_units("Cel")
    ('http://www.opcfoundation.org/UA/units/un/cefact', 4408652, '°C')
    >>> to_engineering_units("kg/m2")
    ('http://unitsofmeasure.org', -1, 'kg/m2')
    """
    if ucum in UNITS:
        code, symbol = UNITS[ucum]
        return CEFACT, unit_id(code), symbol
    return UCUM, NO_CODE, ucum


def from_engineering_units(namespace: str | None, identifier: int, display: str | None) -> str:
    """UCUM code of an EUInformation: by UNECE code, else by what its display name usually means, else as is.

    >>> from_engineering_units(CEFACT, 4408652, "grad"), from_engineering_units("", -1, "°C")
    ('Cel', 'Cel')
    >>> from_engineering_units(None, 0, "Stk")
    'Stk'
    """
    shown = (display or "").strip()
    if namespace == CEFACT and identifier in _BY_ID:
        return _BY_ID[identifier]
    if namespace == UCUM or shown in UNITS:
        return shown
    return _SPOKEN.get(shown, shown)


def same(learnt: str, stated: str) -> bool:
    """Whether two units are one; so they count where one of them is no known unit, since nothing can be said then.

    >>> same("bar", "kPa"), same("degC", "Cel"), same("", "kPa")
    (False, True, True)
    """
    one, other = (from_engineering_units(None, NO_CODE, unit) for unit in (learnt, stated))
    return one == other or not {one, other} <= UNITS.keys()
