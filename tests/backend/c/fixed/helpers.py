"""The integer helpers of generated C as Python functions, from a library of all of them."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache
from pathlib import Path

from lineshaft.backend._c import build, integers

SIGNATURES = {"shr": (64, 32), "clamp": (64, 64), "mulq": (64, 64, 32), "quotient": (64, 64, 64), "divq": (64, 64, 32),
              "sqrtq": (64, 32), "logq": (64, 32), "expq": (64, 32, 32), "tanhq": (64, 32), "floorq": (64, 32),
              "truncq": (64, 32), "roundq": (64, 32), "abs": (64,), "sign": (64,)}


def source() -> str:
    """C text: ``call_<name>`` of 64-bit arguments for each helper."""
    names = {f"ls_{name}_l" for name in SIGNATURES}
    text = ["#include <stdint.h>", integers.functions(names)]
    for name, sizes in SIGNATURES.items():
        takes = ", ".join(f"int64_t v{i}" for i in range(3))
        given = ", ".join(f"(int{size}_t)v{i}" for i, size in enumerate(sizes))
        unused = "".join(f"(void)v{i}; " for i in range(len(sizes), 3))
        text += [f"int64_t call_{name}({takes});",
                 f"int64_t call_{name}({takes}) {{ {unused}return ls_{name}_l({given}); }}"]
    return "\n".join(text) + "\n"


@cache
def library(folder: Path) -> ctypes.CDLL:
    (folder / "helpers.so").write_bytes(build.shared_library(build.compiler(), {"h.c": source().encode()}, ()))
    return ctypes.CDLL(str(folder / "helpers.so"))


def helper(folder: Path, name: str) -> Callable[..., int]:
    function = library(folder)[f"call_{name}"]
    function.restype, function.argtypes = ctypes.c_int64, [ctypes.c_int64] * 3
    return lambda *values: int(function(*values, *[0] * (3 - len(values))))
