"""The functions that generated C brings along, against double precision."""

from __future__ import annotations

import ctypes
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import special

from lineshaft.backend._c import build
from lineshaft.backend._c.arithmetic import functions
from lineshaft.backend._c.library import opened

SPANS: dict[str, tuple[Callable[..., NDArray[np.float64]], float, float]] = {
    "exp": (np.exp, -87.0, 88.7), "tanh": (np.tanh, -10.0, 10.0), "erf": (special.erf, -5.0, 5.0),
    "log": (np.log, 1e-37, 1e4), "sin": (np.sin, -1e4, 1e4), "cos": (np.cos, -1e4, 1e4), "sqrt": (np.sqrt, 0.0, 1e9),
    "round": (np.round, -9e6, 9e6), "floor": (np.floor, -100.0, 100.0), "ceil": (np.ceil, -100.0, 100.0)}
SPECIAL = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 1e-45, -1e-45, 3e38, -3e38, 0.5, -0.5, 8388609.0], np.float32)


def applied(name: str, x: NDArray[np.float32], *flags: str) -> NDArray[np.float32]:
    """The C function over an array."""
    text = (f"#include <stdint.h>\n{functions({'ls_' + name})}\nvoid each(const float *x, float *y, int32_t n);\n"
            "void each(const float *x, float *y, int32_t n)\n"
            f"{{ for (int32_t i = 0; i < n; i++) y[i] = ls_{name}(x[i]); }}")
    library = opened(build.shared_library(build.compiler(), {"one.c": text.encode()}, flags), ctypes.CDLL)
    y = np.empty_like(x)
    library.each(ctypes.c_void_p(x.ctypes.data), ctypes.c_void_p(y.ctypes.data), ctypes.c_int32(len(x)))
    return y


@pytest.mark.parametrize("name", sorted(SPANS))
def test_a_function_is_within_two_units_in_the_last_place(name: str) -> None:
    exact, low, high = SPANS[name]
    x = np.linspace(low, high, 200_003).astype(np.float32)
    x = np.concatenate([x, x * np.float32(1e-3)] if low <= 0 else [x])
    expected = exact(x.astype(np.float64))
    unit = np.spacing(np.maximum(np.abs(expected), 1e-30).astype(np.float32)).astype(np.float64)
    absolute = 1e-7 if name in ("sin", "cos", "log") else 0.0  # near their zeros, in units of 1
    assert np.max(np.maximum(np.abs(applied(name, x) - expected) - absolute, 0.0) / unit) <= 2.0


@pytest.mark.parametrize("name", sorted(SPANS))
def test_what_is_no_ordinary_number_goes_as_ieee_has_it(name: str) -> None:
    with np.errstate(all="ignore"):
        expected = SPANS[name][0](SPECIAL.astype(np.float64)).astype(np.float32)
    found, ordinary = applied(name, SPECIAL), np.abs(SPECIAL) < 1e30
    kept = np.ones(len(SPECIAL), np.bool_) if name not in ("sin", "cos") else ordinary | ~np.isfinite(SPECIAL)
    assert np.allclose(found[kept], expected[kept], rtol=1e-6, atol=1e-44, equal_nan=True)


def test_the_square_root_without_an_instruction_is_exact() -> None:
    x = np.concatenate([np.random.default_rng(0).random(100_000) * 10.0 ** np.arange(-40, 38).repeat(1283)[:100_000],
                        SPECIAL]).astype(np.float32)
    with np.errstate(all="ignore"):
        expected = np.sqrt(x)
    assert np.array_equal(applied("sqrt", x, "-DLS_SOFT_SQRT"), expected, equal_nan=True)
