"""Laws of the integer helpers, against exact arithmetic on whole numbers and against double precision."""

from __future__ import annotations

import math
import subprocess
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.backend.c.fixed.helpers import SIGNATURES, helper, source

from lineshaft.backend._c import build

MOST = 2**61 - 1
Helper = Callable[..., int]
pytestmark = pytest.mark.skipif(not build.compiler(), reason="needs a C compiler")
# Sizes of all orders, not only large ones.
whole = st.builds(lambda bits, part, sign: sign * (part % (2**bits + 1)), st.integers(0, 62), st.integers(0, 2**62),
                  st.sampled_from((-1, 1)))


@pytest.fixture(scope="module")
def call(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Helper]:
    folder = tmp_path_factory.mktemp("helpers")
    return lambda name: helper(folder, name)


def clamped(value: int) -> int:
    return max(-MOST, min(MOST, value))


@settings(max_examples=100, deadline=None)
@given(whole, st.integers(1, 62))
def test_a_shift_rounds_to_the_nearest_with_halves_up(call: Callable[[str], Helper], v: int, n: int) -> None:
    assert call("shr")(v, n) == math.floor(Fraction(v, 2**n) + Fraction(1, 2))


@settings(max_examples=120, deadline=None)
@given(whole, whole, st.integers(0, 124))
def test_a_product_is_off_by_half_a_unit_at_most_and_saturates(call: Callable[[str], Helper], a: int, b: int, n: int
                                                               ) -> None:
    found, exact = call("mulq")(a, b, n), Fraction(a * b, 2**n)
    assert abs(found - exact) <= Fraction(1, 2) or (abs(exact) > MOST - 1 and found == clamped(round(exact)))


@settings(max_examples=120, deadline=None)
@given(whole, whole, st.integers(0, 124))
def test_a_quotient_is_off_by_half_a_unit_at_most_and_saturates(call: Callable[[str], Helper], a: int, b: int, n: int
                                                                ) -> None:
    assume(b != 0)
    exact = Fraction(a * 2**n, b)
    found = call("divq")(a, b, n)
    assert abs(found - exact) <= Fraction(1, 2) or (abs(exact) > MOST - 1 and found == clamped(round(exact)))
    plain = call("quotient")(a, b, MOST)
    assert abs(plain - Fraction(a, b)) <= Fraction(1, 2) or (abs(Fraction(a, b)) > MOST - 1 and abs(plain) == MOST)


def test_dividing_by_zero_gives_the_largest_number_of_its_sign_and_nothing_by_nothing_is_nothing(
        call: Callable[[str], Helper]) -> None:
    assert [call("quotient")(a, 0, 1000) for a in (5, -5, 0)] == [1000, -1000, 0]
    assert [call("divq")(a, 0, 3) for a in (5, -5, 0)] == [MOST, -MOST, 0]


@settings(max_examples=100, deadline=None)
@given(whole, st.integers(0, 100))
def test_a_square_root_is_off_by_one_unit_at_most(call: Callable[[str], Helper], v: int, n: int) -> None:
    found, exact = call("sqrtq")(v, n), math.isqrt(max(v, 0) << n)
    # Thirty-two digits are all that it has.
    assert abs(found - clamped(exact)) <= 1 + (exact >> 30)


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 2**62), st.integers(-24, 60))
def test_a_logarithm_is_off_by_one_unit_at_most(call: Callable[[str], Helper], v: int, n: int) -> None:
    exact = math.log(v) - n * math.log(2.0)
    assert abs(call("logq")(v, n) / 2**24 - exact) <= 2.0**-24


def test_the_logarithm_of_what_is_not_positive_is_less_than_any_other(call: Callable[[str], Helper]) -> None:
    assert call("logq")(0, 0) == call("logq")(-7, 12) == -64 * 2**24


@settings(max_examples=120, deadline=None)
@given(st.floats(-60.0, 42.0), st.integers(-2, 40), st.integers(0, 50))
def test_an_exponential_is_as_exact_as_its_argument(call: Callable[[str], Helper], x: float, n: int, m: int) -> None:
    v = round(x * 2.0**n)
    exact = math.exp(v / 2.0**n) * 2.0**m
    found = call("expq")(v, n, m)
    assert abs(found - min(exact, MOST)) <= 2e-8 * min(exact, MOST) + 1.0 or exact > 2.0**60


@settings(max_examples=120, deadline=None)
@given(st.floats(-30.0, 30.0), st.integers(0, 40))
def test_a_hyperbolic_tangent_is_off_by_2e_8_at_most(call: Callable[[str], Helper], x: float, n: int) -> None:
    v = round(x * 2.0**n)
    found = call("tanhq")(v, n)
    assert abs(found / 2.0**30 - math.tanh(v / 2.0**n)) <= 2e-8
    assert found == -call("tanhq")(-v, n)


@settings(max_examples=100, deadline=None)
@given(whole, st.integers(1, 62))
def test_whole_numbers_are_taken_down_towards_zero_and_to_the_nearest(call: Callable[[str], Helper], v: int, n: int
                                                                      ) -> None:
    exact = Fraction(v, 2**n)
    assert call("floorq")(v, n) == math.floor(exact)
    assert call("truncq")(v, n) == math.trunc(exact)
    assert call("roundq")(v, n) == round(exact)  # Python takes halves to the even neighbour, too


DRIVER = """
#include <stdio.h>
int main(void)
{
    int64_t v[4], found;
    while (fread(v, sizeof v, 1, stdin) == 1) {
        switch (v[0]) {
%s
        default: return 2;
        }
        if (fwrite(&found, sizeof found, 1, stdout) != 1) return 3;
    }
    return 0;
}
"""


def test_no_helper_overflows_for_arguments_up_to_two_to_the_62(call: Callable[[str], Helper], tmp_path: Path) -> None:
    edges = [0, 1, -1, 2, 3, 2**31 - 1, -2**31, 2**32, 2**60 + 1, MOST, -MOST, 2**62, -2**62]
    counts = {"shr": (1, 31, 62), "mulq": (0, 1, 32, 63, 64, 65, 124), "divq": (0, 1, 63, 124),
              "sqrtq": (0, 1, 61, 104), "logq": (-24, 0, 60), "tanhq": (-24, 0, 26, 60), "floorq": (1, 62),
              "truncq": (1, 62), "roundq": (1, 62)}
    rows = []
    for number, (name, sizes) in enumerate(SIGNATURES.items()):
        last: tuple[int, ...] = counts.get(name, (MOST,)) if sizes[1:] else (0,)
        seconds = edges if sizes[1:2] == (64,) and name != "clamp" else [MOST] if name == "clamp" else list(last)
        thirds = (-30, 0, 30, 60) if name == "expq" else last if sizes[2:] else (0,)
        seconds = [-24, 0, 26, 60] if name == "expq" else seconds
        rows += [(number, a, b, c) for a in edges for b in seconds for c in thirds]
    cases = "\n".join(f"        case {i}: found = call_{name}(v[1], v[2], v[3]); break;"
                      for i, name in enumerate(SIGNATURES))
    (tmp_path / "driver.c").write_text(source() + DRIVER % cases)
    build.compile_(build.compiler(), [*build.STRICT, "-O1", "-fsanitize=undefined", "-fno-sanitize-recover=all",
                                      "driver.c", "-o", "driver"], str(tmp_path))
    done = subprocess.run([tmp_path / "driver"], input=np.asarray(rows, np.int64).tobytes(), capture_output=True,
                          check=False)
    assert not done.stderr, done.stderr.decode()[:500]
    found = np.frombuffer(done.stdout, np.int64)
    assert len(found) == len(rows)
    names = list(SIGNATURES)
    assert [call(names[row[0]])(*row[1:]) for row in rows] == found.tolist()
