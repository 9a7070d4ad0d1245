"""The arithmetic that generated C brings along: branch-free, so that a compiler can do several at once.

Errors against double precision are at most 2 units in the last place for exp, log, tanh, erf, sin and cos (for |x|
below 1e8), sqrt is exact, and pow is as exact as exp of b log a is. Polynomials are our own minimax fits. Without
-ffast-math NaN, infinities and denormal numbers go through as IEEE 754 has them.
"""

from __future__ import annotations

from functools import cache

from lineshaft.backend._c.helpers import chosen, pieces

_FUNCTIONS = r"""
static inline uint32_t ls_bits(float x) { union { float f; uint32_t u; } v; v.f = x; return v.u; }

static inline float ls_float(uint32_t u) { union { float f; uint32_t u; } v; v.u = u; return v.f; }

static inline float ls_abs(float x) { return ls_float(ls_bits(x) & 0x7fffffffu); }

static inline int32_t ls_abs_i(int32_t x) { return x < 0 ? -x : x; }

static inline float ls_copysign(float x, float s)
{
    return ls_float((ls_bits(x) & 0x7fffffffu) | (ls_bits(s) & 0x80000000u));
}

static inline float ls_sign(float x) { return x > 0.0f ? 1.0f : x < 0.0f ? -1.0f : x; }

static inline int32_t ls_sign_i(int32_t x) { return (x > 0) - (x < 0); }

static inline float ls_min(float a, float b) { return a < b ? a : b != b ? b : a == b ? a : a != a ? a : b; }

static inline float ls_max(float a, float b) { return a > b ? a : b != b ? b : a == b ? a : a != a ? a : b; }

static inline int32_t ls_min_i(int32_t a, int32_t b) { return a < b ? a : b; }

static inline int32_t ls_max_i(int32_t a, int32_t b) { return a > b ? a : b; }

/* Towards zero; out of range the nearest number there is, 0 for NaN. */
static inline int32_t ls_int(float x)
{
    float low = x >= -2147483648.0f ? x : x < 0.0f ? -2147483648.0f : 0.0f;
    return low < 2147483648.0f ? (int32_t)low : 2147483647;
}

/* A power of two as a float has its exponent where it can be read. */
static inline int32_t ls_lowest_i(int32_t x)
{
    uint32_t u = (uint32_t)x;
    return (int32_t)((ls_bits((float)(int32_t)(u & (0u - u))) >> 23) & 255u) - 127;
}

/* Above 2^22 the sum would lose the place of 1; from 2^23 on every float is whole. */
static inline float ls_round(float x)
{
    float a = ls_abs(x), small = (a + 8388608.0f) - 8388608.0f;
    return ls_copysign(a < 8388608.0f ? small : a, x);
}

static inline float ls_floor(float x)
{
    float whole = ls_round(x);
    return whole > x ? whole - 1.0f : whole;
}

static inline float ls_ceil(float x)
{
    float whole = ls_round(x);
    return whole < x ? whole + 1.0f : whole;
}

#ifdef LS_SOFT_SQRT
/* One bit at a time, for processors without a square root of their own. */
static inline float ls_sqrt(float x)
{
    uint32_t u = ls_bits(x), root = 0, rest = 0, m, bit;
    int32_t e;
    if (x != x || x < 0.0f) return LS_NAN;
    if (x == 0.0f || x > 3.40282346e38f) return x;
    e = (int32_t)(u >> 23);
    if (e == 0) { e = 1; m = u; while ((m & 0x00800000u) == 0) { m <<= 1; e--; } }
    else { m = (u & 0x007fffffu) | 0x00800000u; }
    e -= 127;
    if (e & 1) m <<= 1;
    m <<= 1;
    for (bit = 0x01000000u; bit != 0; bit >>= 1) {
        uint32_t trial = rest + bit;
        if (trial <= m) { rest = trial + bit; m -= trial; root += bit; }
        m <<= 1;
    }
    root += (m != 0) ? (root & 1u) : 0u;
    e = (e - (e & 1)) / 2;
    return ls_float((root >> 1) + ((uint32_t)(e + 126) << 23));
}
#else
static inline float ls_sqrt(float x) { return __builtin_sqrtf(x); }
#endif

/* 2^n in two factors, so that neither leaves the range where the product doesn't. */
static inline float ls_exp(float x)
{
    float c = x < -104.0f ? -104.0f : x > 89.0f ? 89.0f : x;
    float shifted = c * 1.44269504f + 12582912.0f, n = shifted - 12582912.0f;
    float r = (c - n * 0.693359375f) - n * -2.12194440e-4f, p;
    uint32_t whole = ls_bits(shifted) - 0x4b400000u, half = (whole + 512u) / 2u - 256u;
    p = 0.00138131424f;
    p = p * r + 0.00836941879f;
    p = p * r + 0.0416684560f;
    p = p * r + 0.166665152f;
    p = p * r + 0.499999940f;
    p = (p * r * r + r) + 1.0f;
    return p * ls_float((half + 127u) << 23) * ls_float((whole - half + 127u) << 23);
}

static inline float ls_log(float x)
{
    int small = x < 1.17549435e-38f;
    float y = small ? x * 8388608.0f : x, f, p, e, s;
    uint32_t u = ls_bits(y) - 0x3f3504f3u;
    e = (float)((int32_t)(u >> 23) - (u >> 31 ? 512 : 0)) - (small ? 23.0f : 0.0f);
    f = ls_float((u & 0x007fffffu) + 0x3f3504f3u) - 1.0f;
    p = 0.0674660280f;
    p = p * f + -0.116756439f;
    p = p * f + 0.118881755f;
    p = p * f + -0.124055915f;
    p = p * f + 0.142195508f;
    p = p * f + -0.166679963f;
    p = p * f + 0.200021192f;
    p = p * f + -0.250000089f;
    p = p * f + 0.333333135f;
    s = f * f;
    f = (f * s * p + e * -2.12194440e-4f) - 0.5f * s + f;
    f = f + e * 0.693359375f;
    return x > 3.40282346e38f ? x : x > 0.0f ? f : x == 0.0f ? -LS_INF : LS_NAN;
}

static inline float ls_tanh(float x)
{
    float a = ls_abs(x), s = x * x, p = -0.00566696748f, big;
    p = p * s + 0.0206061676f;
    p = p * s + -0.0537300035f;
    p = p * s + 0.133313313f;
    p = p * s + -0.333332777f;
    big = 1.0f - 2.0f / (ls_exp(2.0f * a) + 1.0f);
    return a < 0.625f ? x + x * s * p : ls_copysign(big, x);
}

static inline float ls_erf(float x)
{
    float a = ls_abs(x), s = x * x, p = 8.31677244e-05f, t = a > 4.0f ? 4.0f : a, q = 4.93822381e-06f, big;
    p = p * s + -0.000813001185f;
    p = p * s + 0.00519990642f;
    p = p * s + -0.0268589407f;
    p = p * s + 0.112836875f;
    p = p * s + -0.376126319f;
    p = p * s + 0.128379166f;
    q = q * t + -4.55812988e-05f;
    q = q * t + -4.95861932e-05f;
    q = q * t + 0.00293015619f;
    q = q * t + -0.0226741359f;
    q = q * t + 0.105262697f;
    q = q * t + 0.635625303f;
    q = q * t + 0.128551751f;
    big = 1.0f - ls_exp(-t - t * q);
    return a < 0.92f ? x + x * p : ls_copysign(big, x);
}

/* Quarter turns are taken off in double precision, which is exact enough to |x| = 1e8. */
static inline float ls_turn(float x, float quarters)
{
    double n = ((double)x * 0.63661977236758134 + 6755399441055744.0) - 6755399441055744.0;
    float r = (float)(((double)x - n * 1.5707963267948966) - n * 6.123233995736766e-17), s = r * r;
    float turns = (float)(n - 4.0 * ((n * 0.25 + 6755399441055744.0) - 6755399441055744.0)) + quarters;
    float sine = r + r * s * (((2.71736667e-06f * s + -0.000198392328f) * s + 0.00833332911f) * s + -0.166666672f);
    float cosine = 1.0f - 0.5f * s + s * s * (((-2.71986181e-07f * s + 2.47993721e-05f) * s + -0.00138888834f) * s
                                              + 0.0416666679f);
    float folded = turns < 0.0f ? turns + 4.0f : turns;
    float part = folded == 1.0f || folded == 3.0f ? cosine : sine;
    return folded >= 2.0f && folded < 4.0f ? -part : part;
}

static inline float ls_sin(float x) { return ls_turn(x, 0.0f); }

static inline float ls_cos(float x) { return ls_turn(x, 1.0f); }

static inline float ls_pow(float a, float b)
{
    float size = ls_exp(b * ls_log(ls_abs(a))), whole = ls_round(b);
    float odd = ls_round(whole * 0.5f) * 2.0f != whole ? -1.0f : 1.0f;
    float found = a < 0.0f ? (whole == b ? size * odd : LS_NAN) : size;
    return b == 0.0f || a == 1.0f ? 1.0f : found;
}
"""
_HEAD = """#if defined(__GNUC__)
#define LS_INF (__builtin_inff())
#define LS_NAN (__builtin_nanf(""))
#else
#define LS_INF (1.0f / 0.0f)
#define LS_NAN (0.0f / 0.0f)
#endif
"""


def functions(used: set[str]) -> str:
    """C text of the functions with these names and of those that they call."""
    return "\n".join([_HEAD, *chosen(_pieces(), used)])


@cache
def _pieces() -> dict[str, str]:
    return pieces(_FUNCTIONS)
