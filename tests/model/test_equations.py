"""Equations as text: what they mean, and what is refused."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lineshaft.core.errors import UsageError
from lineshaft.model.equations import number, read

TAGS = ("site/T1/wind", "site/T1/area", "Wind Speed (m/s)")


@pytest.mark.parametrize(("text", "wanted"), [
    ("0.5 * rho * area * cp * wind**3", 0.5 * 1.2 * 10 * 0.4 * 4.0**3), ("-wind + +area", 6.0), ("area / wind", 2.5),
    ("{Wind Speed (m/s)} * 2", 14.0), ("{site/T1/wind} - 1", 3.0), ("sqrt(wind) + exp(0) + log(1)", 3.0),
    ("min(wind, area) - max(wind, 5)", -1.0), ("wind ** 0.5 * area ** -1", 0.2), ("abs(-wind) + cos(0)", 5.0),
    ("k = rho * wind\n\n# a comment\nk + k ** 2", 4.8 + 4.8**2), ("p = 2 * wind", 8.0), ("(wind - area) ** 2", 36.0),
    ("(wind - area) ** 3", -216.0), ("3 * (2 + 1)", 9.0)])
def test_equations_mean_what_they_say(text: str, wanted: float) -> None:
    law = read(text, TAGS, {"rho": 1.2, "cp": 0.4})
    values = {name: {0: 4.0, 1: 10.0, 2: 7.0}[column] for name, column in law.tags.items()}
    assert math.isclose(number(law, values), wanted, rel_tol=1e-5)


@pytest.mark.parametrize(("text", "told"), [
    ("", "there is none"), ("wind +", "line 1, column 7: it can't be read"),
    ("wind * gust", "line 1, column 8: 'gust' is no"), ("a = wind\na * (2 + b)", "line 2, column 10: 'b' is no"),
    ("__import__('os')", "there is no function '__import__'"), ("wind.real", "'wind.real' is not allowed"),
    ("[wind][0]", "is not allowed"), ("wind if wind else 1", "not allowed"), ("wind < 2", "not allowed"),
    ("lambda: 1", "can't be read|not allowed"), ("wind ** area", "the power 'area' is no number"),
    ("wind ** 999", "no number up to 20"), ("'text'", "no number that can be used"), ("True", "no number"),
    ("{nothing} + 1", "column 1: 'nothing' is no tag"), ("sqrt(wind, 2)", "takes 1 values, here are 2"),
    ("wind = 2", "means something already"), ("1 + 1 = 2", "can't be the name"), ("w := 3", "can't be"),
    ("(" * 90 + "wind" + ")" * 90 + "+" * 60 + "1", "levels of brackets|can't be read"), ("1e400", "no number"),
    ("wind " * 1000, "characters long"), ("f'{wind}'", "no tag|not allowed|can't be read|no number")])
def test_what_is_no_equation_is_refused_with_its_place(text: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        read(text, TAGS)


@given(st.text(alphabet="wind area123.+-*/()= \n{}_'\"[],:#<>", max_size=60))
@settings(max_examples=300, deadline=None)
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        read(text, TAGS)
    except UsageError as refused:
        assert "equations" in str(refused)


def test_a_quotient_by_nothing_and_the_root_of_a_negative_are_numbers() -> None:
    values = {"wind": 0.0, "area": -4.0}
    assert math.isfinite(number(read("area / wind", TAGS), values))
    assert number(read("sqrt(area) + log(wind) * 0 + wind", TAGS), values) == 0.0
