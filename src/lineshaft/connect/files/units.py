"""Units as people write them in headers, as UCUM codes (https://ucum.org)."""

from __future__ import annotations

import re

_EXACT = {
    "°c": "Cel",
    "degc": "Cel",
    "deg c": "Cel",
    "deg_c": "Cel",
    "℃": "Cel",
    "celsius": "Cel",
    "grad c": "Cel",
    "°f": "[degF]",
    "degf": "[degF]",
    "deg f": "[degF]",
    "℉": "[degF]",
    "fahrenheit": "[degF]",
    "°r": "[degR]",
    "degr": "[degR]",
    "kelvin": "K",
    "degk": "K",
    "°": "deg",
    "deg": "deg",
    "degree": "deg",
    "degrees": "deg",
    "grad": "deg",
    "%": "%",
    "percent": "%",
    "pct": "%",
    "%rh": "%",
    "% rh": "%",
    "%rf": "%",
    "mol%": "mol%",
    "mole %": "mol%",
    "mol %": "mol%",
    "vol%": "%{vol}",
    "wt%": "%{mass}",
    "ppm": "[ppm]",
    "ppb": "[ppb]",
    "ph": "[pH]",
    "psi": "[psi]",
    "psia": "[psi]",
    "psig": "[psi]",
    "barg": "bar",
    "bara": "bar",
    "bar(g)": "bar",
    "bar(a)": "bar",
    "bar g": "bar",
    "bar a": "bar",
    "mbarg": "mbar",
    "inh2o": "[in_i'H2O]",
    "inhg": "[in_i'Hg]",
    "mmhg": "mm[Hg]",
    "mmh2o": "mm[H2O]",
    "atm": "atm",
    "at": "att",
    "rpm": "/min",
    "1/min": "/min",
    "u/min": "/min",
    "min-1": "/min",
    "min^-1": "/min",
    "r/min": "/min",
    "1/s": "/s",
    "1/h": "/h",
    "lpm": "L/min",
    "slpm": "L/min",
    "gpm": "[gal_us]/min",
    "cfm": "[cft_i]/min",
    "nm3/h": "m3/h",
    "nm³/h": "m3/h",
    "sm3/h": "m3/h",
    "kscmh": "10*3.m3/h",
    "nm": "N.m",
    "n·m": "N.m",
    "n*m": "N.m",
    "knm": "kN.m",
    "hp": "[HP]",
    "ps": "[HP]",
    "ohm": "Ohm",
    "Ω": "Ohm",
    "kohm": "kOhm",
    "kω": "kOhm",
    "ω": "Ohm",
    "lux": "lx",
    "db": "dB",
    "dba": "dB",
    "db(a)": "dB",
    "var": "V.A{reactive}",
    "kvar": "kV.A{reactive}",
    "mvar": "MV.A{reactive}",
    "va": "V.A",
    "kva": "kV.A",
    "mva": "MV.A",
    "ft": "[ft_i]",
    "in": "[in_i]",
    "inch": "[in_i]",
    "mph": "[mi_i]/h",
    "km/h": "km/h",
    "kph": "km/h",
    "lb": "[lb_av]",
    "lbs": "[lb_av]",
    "lbm/s": "[lb_av]/s",
    "sec": "s",
    "seconds": "s",
    "second": "s",
    "minutes": "min",
    "hours": "h",
    "hrs": "h",
    "days": "d",
    "day": "d",
    "watt": "W",
    "watts": "W",
    "volt": "V",
    "volts": "V",
    "ampere": "A",
    "amp": "A",
    "amps": "A",
    "hertz": "Hz",
    "liter": "L",
    "litre": "L",
    "cst": "cSt",
    "cp": "cP",
    "ntu": "{NTU}",
    "us/cm": "uS/cm",
    "µs/cm": "uS/cm",
    "ms/cm": "mS/cm",
    "c": "Cel",
    "m/s2": "m/s2",
    "m/s^2": "m/s2",
    "m/s²": "m/s2",
    "g": "g",
    "m^2": "m2",
    "w/m²": "W/m2",
    "-": "1",
    "1": "1",
    "摄氏度": "Cel",
    "转/分": "/min",
    "千瓦": "kW",
    "兆帕": "MPa",
    "千帕": "kPa",
    "秒": "s",
}
_BASES = {
    "W": "W",
    "Wh": "W.h",
    "V": "V",
    "A": "A",
    "Ah": "A.h",
    "Pa": "Pa",
    "Hz": "Hz",
    "N": "N",
    "m": "m",
    "g": "g",
    "s": "s",
    "J": "J",
    "bar": "bar",
    "L": "L",
    "l": "L",
    "K": "K",
    "C": "Cel",
    "min": "min",
    "h": "h",
    "d": "d",
    "t": "t",
    "mol": "mol",
    "rad": "rad",
    "S": "S",
    "F": "F",
    "H": "H",
    "T": "T",
    "cal": "cal",
    "VA": "V.A",
    "ha": "har",
}
_UNPREFIXED = {"min", "h", "d", "C", "t", "ha"}
_PREFIX = {
    "k": "k",
    "M": "M",
    "G": "G",
    "T": "T",
    "m": "m",
    "µ": "u",
    "μ": "u",
    "u": "u",
    "n": "n",
    "d": "d",
    "c": "c",
    "h": "h",
}
_POWER = {"²": "2", "³": "3"}
_BRACKETED = re.compile(r"^(?P<name>.*?\S)[\s_]*[\[({<](?P<unit>[^\[\](){}<>]{1,16}(?:\([ag]\))?)[\])}>]\s*$")
_TRAILING = re.compile(r"^(?P<name>.*\S)(?:\s+in\s+|\s*,\s+|\s+/\s+|_)(?P<unit>[^\s,]{1,10})$")
_SUFFIXES = {
    "degC",
    "°C",
    "degF",
    "kW",
    "MW",
    "kWh",
    "MWh",
    "bar",
    "mbar",
    "kPa",
    "MPa",
    "rpm",
    "Hz",
    "psi",
    "mA",
    "kg",
    "mm",
    "lpm",
    "percent",
    "pct",
    "kV",
    "mV",
    "Nm",
    "ppm",
    "m3h",
    "hPa",
    "L/min",
    "l/min",
    "m3/h",
    "m/s",
    "mm/s",
    "kg/h",
    "°",
    "%",
    "V",
    "A",
    "W",
    "K",
    "Pa",
}


def ucum(written: str) -> str:
    """The UCUM code of a unit as written, empty where it is none that is known.

    >>> [ucum(u) for u in ("°C", "l/min", "m³/h", "kWh", "rpm", "mg/m3", "furlong")]
    ['Cel', 'L/min', 'm3/h', 'kW.h', '/min', 'mg/m3', '']
    """
    text = written.strip().replace("㎡", "m2").replace("º", "°")
    known = _EXACT.get(text.lower()) if text not in _BASES or text == "C" else None
    if known:
        return known
    parts = text.split("/")
    if len(parts) > 3 or not text or len(text) > 16:
        return ""
    codes = [_factor(part.strip()) for part in parts]
    return "/".join(codes) if all(codes) else ""


def _factor(text: str) -> str:
    for sign, digit in _POWER.items():
        text = text.replace(sign, digit)
    text = text.replace("^", "")
    power = text[-1] if text and text[-1] in "234" else ""
    bare = text.removesuffix(power) if power else text
    if bare in _BASES:
        return _BASES[bare] + power
    if bare[:1] in _PREFIX and bare[1:] in _BASES and bare[1:] not in _UNPREFIXED:
        return _PREFIX[bare[0]] + _BASES[bare[1:]] + power
    return (
        _EXACT.get(bare.lower(), "") if bare and not power and "/" not in _EXACT.get(bare.lower(), "/") else ""
    )


def split_header(header: str) -> tuple[str, str]:
    """Name and UCUM unit of a column header; the unit is empty where there is none.

    >>> split_header("Wind Speed (m/s)"), split_header("Temp [°C]"), split_header("p_oil_bar")
    (('Wind Speed', 'm/s'), ('Temp', 'Cel'), ('p_oil', 'bar'))
    >>> split_header("XMEAS(7)"), split_header("Volume Flow RateRMS")
    (('XMEAS(7)', ''), ('Volume Flow RateRMS', ''))
    """
    text = " ".join(header.split())
    inside = _BRACKETED.match(text)
    if inside and not inside["unit"].strip().isdecimal():
        unit = ucum(inside["unit"])
        if unit:
            return inside["name"].strip(" _-,:"), unit
    tail = _TRAILING.match(text)
    if tail and tail["unit"] in _SUFFIXES and (len(tail["unit"]) > 1 or "_" not in text):
        return tail["name"].strip(" _-,:"), ucum(tail["unit"])
    return text, ""
