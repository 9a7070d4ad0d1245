"""Units as people write them in headers, as UCUM codes (https://ucum.org)."""

from __future__ import annotations

import re

_SPELLINGS = """
Cel: °c | degc | deg c | deg_c | ℃ | celsius | grad c | c | 摄氏度
[degF]: °f | degf | deg f | ℉ | fahrenheit
[degR]: °r | degr
K: kelvin | degk
deg: ° | deg | degree | degrees | grad
%: % | percent | pct | %rh | % rh | %rf
mol%: mol% | mole % | mol %
%{vol}: vol%
%{mass}: wt%
[ppm]: ppm
[ppb]: ppb
[pH]: ph
[psi]: psi | psia | psig
bar: barg | bara | bar(g) | bar(a) | bar g | bar a
mbar: mbarg
[in_i'H2O]: inh2o
[in_i'Hg]: inhg
mm[Hg]: mmhg
mm[H2O]: mmh2o
atm: atm
att: at
/min: rpm | 1/min | u/min | min-1 | min^-1 | r/min | 转/分
/s: 1/s
/h: 1/h
L/min: lpm | slpm
[gal_us]/min: gpm
[cft_i]/min: cfm
m3/h: nm3/h | nm³/h | sm3/h
10*3.m3/h: kscmh
N.m: nm | n·m | n*m
kN.m: knm
[HP]: hp | ps
Ohm: ohm | Ω | ω
kOhm: kohm | kω
lx: lux
dB: db | dba | db(a)
V.A{reactive}: var
kV.A{reactive}: kvar
MV.A{reactive}: mvar
V.A: va
kV.A: kva
MV.A: mva
[ft_i]: ft
[in_i]: in | inch
[mi_i]/h: mph
km/h: km/h | kph
[lb_av]: lb | lbs
[lb_av]/s: lbm/s
s: sec | seconds | second | 秒
min: minutes
h: hours | hrs
d: days | day
W: watt | watts
V: volt | volts
A: ampere | amp | amps
Hz: hertz
L: liter | litre
cSt: cst
cP: cp
{NTU}: ntu
uS/cm: us/cm | µs/cm
mS/cm: ms/cm
m/s2: m/s2 | m/s^2 | m/s²
g: g
m2: m^2
W/m2: w/m²
1: - | 1
kW: 千瓦
MPa: 兆帕
kPa: 千帕
"""
_EXACT = {
    spelling: code
    for code, _, spellings in (line.partition(": ") for line in _SPELLINGS.strip().splitlines())
    for spelling in spellings.split(" | ")
}
_SAME = "W V A Pa Hz N m g s J bar K min h d t mol rad S F H T cal"
_BASES = {"L": "L", "l": "L", "Wh": "W.h", "Ah": "A.h", "C": "Cel", "VA": "V.A", "ha": "har"} | {
    code: code for code in _SAME.split()
}
_UNPREFIXED = {"min", "h", "d", "C", "t", "ha"}
_PREFIX = {sign: sign for sign in "kMGTmundch"} | {"\u00b5": "u", "\u03bc": "u"}
_POWER = {"²": "2", "³": "3"}
_BRACKETED = re.compile(r"^(?P<name>.*?\S)[\s_]*[\[({<](?P<unit>[^\[\](){}<>]{1,16}(?:\([ag]\))?)[\])}>]\s*$")
_TRAILING = re.compile(r"^(?P<name>.*\S)(?:\s+in\s+|\s*,\s+|\s+/\s+|_|\s+(?=[°℃%]))(?P<unit>[^\s,]{1,10})$")
_TAILS = (
    "% A bar degC degF hPa Hz K kg kg/h kPa kV kW kWh L/min l/min lpm m/s"
    " m3/h m3h mA mbar mm mm/s MPa mV MW MWh Nm Pa pct percent ppm psi rpm V W ° °C"
)
_SUFFIXES = set(_TAILS.split())


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
