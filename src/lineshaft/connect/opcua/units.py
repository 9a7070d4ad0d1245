"""UCUM units as OPC UA EUInformation (OPC 10000-8, 5.6.3: UNECE Recommendation 20 common codes)."""

from __future__ import annotations

from lineshaft.core.units import UNITS, ucum_of

CEFACT = "http://www.opcfoundation.org/UA/units/un/cefact"
UCUM = "http://unitsofmeasure.org"
NO_CODE = -1


def unit_id(common_code: str) -> int:
    """UnitId of a UNECE common code: its ASCII characters as one big-endian number.

    >>> unit_id("CEL")
    4408652
    """
    return int.from_bytes(common_code.encode("ascii"), "big")


_BY_ID = {unit_id(code): ucum for ucum, (code, _) in UNITS.items()}


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
    return shown if namespace == UCUM else ucum_of(shown)
