"""The arithmetic that generated C of precision ``fixed`` brings along: integers only, nothing of a C library.

What each function computes is said in ``graph.loops.number``. No operation overflows for arguments up to 2^62 in size.
Against real arithmetic the results are off by at most: ``shr``, ``mulq``, ``quotient``, ``divq`` half a unit, ``sqrtq``
one unit and 2^-30 of the result, ``logq`` one unit of 2^-24, ``tanhq`` 2e-8, ``expq`` 2e-8 of the result and one unit.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.polynomial import chebyshev, polynomial

from lineshaft.backend._c.helpers import chosen, pieces

_FUNCTIONS = r"""
/* Down to the next integer, also where >> of a negative number were something else. */
static inline int64_t ls_down(int64_t v, int32_t n) { return v < 0 ? ~(~v >> n) : v >> n; }

static inline int64_t ls_abs_l(int64_t v) { return v < 0 ? -v : v; }

static inline int32_t ls_sign_i(int32_t v) { return (v > 0) - (v < 0); }

static inline int32_t ls_sign_l(int64_t v) { return (v > 0) - (v < 0); }

static inline int32_t ls_abs_i(int32_t v) { return v < 0 ? -v : v; }

static inline int32_t ls_min_i(int32_t a, int32_t b) { return a < b ? a : b; }

static inline int32_t ls_max_i(int32_t a, int32_t b) { return a > b ? a : b; }

static inline int64_t ls_min_l(int64_t a, int64_t b) { return a < b ? a : b; }

static inline int64_t ls_max_l(int64_t a, int64_t b) { return a > b ? a : b; }

/* From here on functions are called rather than repeated: flash counts more than the call. */
LS_CALLED int64_t ls_clamp_l(int64_t v, int64_t m) { return v > m ? m : v < -m ? -m : v; }

LS_CALLED int64_t ls_shr_l(int64_t v, int32_t n)
{
    int64_t t = ls_down(v, n - 1);
    return ls_down(t, 1) + (t & 1);
}

static inline int32_t ls_shr_i(int32_t v, int32_t n) { return ((v >> (n - 1)) >> 1) + ((v >> (n - 1)) & 1); }

LS_CALLED int32_t ls_narrow_l(int64_t v, int32_t n)
{
    if (n > 0) v = ls_down(ls_down(v, n - 1), 1) + (ls_down(v, n - 1) & 1);
    return v > 2147483647 ? 2147483647 : v < -2147483647 ? -2147483647 : (int32_t)v;
}

LS_CALLED int64_t ls_signed(uint64_t size, int64_t a, int64_t b)
{
    int64_t v = size > 2305843009213693951u ? 2305843009213693951 : (int64_t)size;
    return (a < 0) != (b < 0) ? -v : v;
}

/* The product in four parts of 32 bits, of which the middle ones meet. */
LS_CALLED int64_t ls_mulq_l(int64_t a, int64_t b, int32_t n)
{
    uint64_t x = (uint64_t)ls_abs_l(a), y = (uint64_t)ls_abs_l(b), low, high, middle, half;
    low = (x & 0xffffffffu) * (y & 0xffffffffu);
    middle = (x >> 32) * (y & 0xffffffffu) + (low >> 32);
    high = (x >> 32) * (y >> 32) + (middle >> 32);
    middle = (middle & 0xffffffffu) + (x & 0xffffffffu) * (y >> 32);
    high += middle >> 32;
    low = (middle << 32) | (low & 0xffffffffu);
    if (n > 64) return ls_signed((high + ((uint64_t)1 << (n - 65))) >> (n - 64), a, b);
    half = n > 0 ? (uint64_t)1 << (n - 1) : 0u;
    low += half;
    high += low < half;
    if (n == 64) return ls_signed(high, a, b);
    if (high >> n) return ls_signed(~(uint64_t)0, a, b);
    return ls_signed(n > 0 ? (high << (64 - n)) | (low >> n) : low, a, b);
}

LS_CALLED int64_t ls_quotient_l(int64_t a, int64_t b, int64_t most)
{
    uint64_t x = (uint64_t)ls_abs_l(a), y = (uint64_t)ls_abs_l(b), q;
    if (b == 0) return a > 0 ? most : a < 0 ? -most : 0;
    q = x / y;
    x -= q * y;
    return ls_signed(q + (x >= y - x), a, b);
}

/* One more bit a turn. */
LS_CALLED int64_t ls_divq_l(int64_t a, int64_t b, int32_t n)
{
    uint64_t x = (uint64_t)ls_abs_l(a), y = (uint64_t)ls_abs_l(b), q;
    if (a == 0) return 0;
    if (b == 0) return ls_signed(~(uint64_t)0, a, 0);
    q = x / y;
    x -= q * y;
    while (n-- > 0 && q < 4611686018427387904u) {
        x <<= 1;
        q <<= 1;
        if (x >= y) { x -= y; q++; }
    }
    return ls_signed(q + (x >= y - x), a, b);
}

/* Four to the power of something is taken out first, so that the root has all the digits it can have. */
LS_CALLED int64_t ls_sqrtq_l(int64_t v, int32_t n)
{
    uint64_t u, root = 0, bit = (uint64_t)1 << 62;
    if (v <= 0) return 0;
    u = (uint64_t)v;
    while (u < (uint64_t)1 << 60) { u <<= 2; n -= 2; }
    if (n & 1) { u <<= 1; n--; }
    for (; bit != 0; bit >>= 2) {
        if (u >= root + bit) { u -= root + bit; root = (root >> 1) + bit; }
        else root >>= 1;
    }
    n /= 2;
    if (n > 29) return 2305843009213693951;
    return n >= 0 ? (int64_t)(root << n) : n < -62 ? 0 : (int64_t)(root >> -n);
}

/* A table of 64 pieces between 1 and 2, and four terms of the series for what is left of it. */
LS_CALLED int64_t ls_logq_l(int64_t v, int32_t n)
{
    static const uint32_t inverse[64] = {@INVERSE@};
    static const int32_t logarithm[64] = {@LOGARITHM@};
    uint64_t m = (uint64_t)v;
    int32_t k = 62, i;
    int64_t r, s;
    if (v <= 0) return -1073741824;
    while (m < (uint64_t)1 << 62) { m <<= 1; k--; }
    i = (int32_t)(m >> 56) & 63;
    r = ls_down((int64_t)((m >> 31) * inverse[i]) - ((int64_t)1 << 62), 32);
    s = ls_down(r * r, 30);
    r += ls_down(s * (ls_down(r * 357913941, 30) - ls_down(s, 2) - 536870912), 30);
    return ls_shr_l(logarithm[i] + r + (int64_t)(k - n) * 744261118, 6);
}

/* 2^k times a polynomial of the rest. */
LS_CALLED int64_t ls_expq_l(int64_t v, int32_t n, int32_t m)
{
    static const int32_t terms[@COUNT@] = {@TERMS@};
    const int64_t most = (int64_t)1 << 32;
    int64_t t = v, rest, p = 0;
    int32_t up = 26 - n, k;
    if (up > 0) {
        const int64_t bound = up < 32 ? most >> up : 1;
        t = ls_clamp_l(t, bound) * ((int64_t)1 << (up < 32 ? up : 32));
    } else if (up < 0) {
        t = ls_shr_l(t, up < -62 ? 62 : -up);
    }
    t = ls_clamp_l(t, most) * 1549082005;
    k = (int32_t)ls_down(t, 56);
    rest = ls_down(t, 26) - (int64_t)k * 1073741824;
    for (int32_t i = 0; i < @COUNT@; i++) p = ls_down(p * rest, 30) + terms[i];
    k += m - 30;
    if (k > 29) return 2305843009213693951;
    return k >= 0 ? p * ((int64_t)1 << k) : k < -62 ? 0 : ls_shr_l(p, -k);
}

LS_CALLED int64_t ls_tanhq_l(int64_t v, int32_t n)
{
    const int64_t one = 1073741824, e = ls_expq_l(-ls_abs_l(v), n - 1, 30);
    const int64_t size = ((one - e) * one + (one + e) / 2) / (one + e);
    return v < 0 ? -size : size;
}

static inline int64_t ls_floorq_l(int64_t v, int32_t n) { return ls_down(v, n); }

static inline int64_t ls_truncq_l(int64_t v, int32_t n) { return v < 0 ? -(-v >> n) : v >> n; }

static inline int64_t ls_roundq_l(int64_t v, int32_t n)
{
    int64_t whole = ls_down(v, n), rest = v - whole * ((int64_t)1 << n), half = (int64_t)1 << (n - 1);
    return whole + (rest > half || (rest == half && (whole & 1)));
}
"""
_HEAD = """#if defined(__GNUC__)
#define LS_CALLED __attribute__((noinline)) static
#else
#define LS_CALLED static
#endif
"""


def functions(used: set[str]) -> str:
    """C text of the functions with these names and of those that they call."""
    return "\n".join([_HEAD, *chosen(_pieces(), used)])


@cache
def _pieces() -> dict[str, str]:
    text = _FUNCTIONS
    for name, values in _tables().items():
        rows = [", ".join(values[i:i + 8]) for i in range(0, len(values), 8)]
        text = text.replace(f"@{name}@", ",\n        ".join(rows))
    text = text.replace("@COUNT@", str(len(_tables()["TERMS"])))
    return pieces(text)


@cache
def _tables() -> dict[str, list[str]]:
    """Inverses of the middles of 64 pieces of 1 ... 2 (of 2^31), their logarithms (of 2^30), and 2^x on 0 ... 1."""
    inverse = np.round(2.0**31 / (1.0 + (np.arange(64) + 0.5) / 64)).astype(np.int64)
    logarithm = np.round(-np.log(inverse / 2.0**31) * 2.0**30).astype(np.int64)
    nodes = (chebyshev.chebpts1(9) + 1) / 2
    terms = np.round(polynomial.polyfit(nodes, 2.0**nodes, 7)[::-1] * 2.0**30).astype(np.int64)
    return {"INVERSE": [f"{v}u" for v in inverse], "LOGARITHM": [str(v) for v in logarithm],
            "TERMS": [str(v) for v in terms]}
