"""The system's C compiler: found, named, and told of this processor's instructions."""

from __future__ import annotations

import platform
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from lineshaft.core.errors import EnvironmentFailed

STRICT = ("-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic")
# Sums may be contracted to fused multiply-adds, which makes them more exact; NaN and infinities stay what they are.
FAST = ("-O3", "-ffp-contract=fast", "-fno-math-errno", "-fno-trapping-math")
LONGEST, _TO_ANSWER = 600.0, 10.0  # seconds: of a compiler's run, and for it to name itself
# Levels of the x86-64 psABI by the names of /proc/cpuinfo.
_LEVELS = (
    ("x86-64-v2", "cx16 lahf_lm popcnt pni sse4_1 sse4_2 ssse3"),
    ("x86-64-v3", "avx avx2 bmi1 bmi2 f16c fma abm movbe"),
    ("x86-64-v4", "avx512f avx512bw avx512cd avx512dq avx512vl"),
)


def compiler(wanted: str = "") -> str:
    """Path of the C compiler that was asked for, else of the system's own; empty when there is none."""
    for name in (wanted,) if wanted else ("cc", "gcc", "clang"):
        found = shutil.which(name)
        if found:
            return found
    return ""


@cache
def version(path: str) -> str:
    """First line of what the compiler says of itself."""
    try:
        done = subprocess.run([path, "--version"], capture_output=True, text=True, check=False, timeout=_TO_ANSWER,
                              stdin=subprocess.DEVNULL, errors="replace")
    except (OSError, subprocess.TimeoutExpired):
        return path
    return done.stdout.splitlines()[0] if done.stdout else path


@cache
def processor_features() -> frozenset[str]:
    """Instruction sets of this processor as the kernel names them; empty where it doesn't say."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return frozenset()
    return frozenset(next((line.split(":", 1)[1].split() for line in lines if line.startswith("flags")), []))


def tuned() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Compiler flags for this processor, and the features without which their code must not run."""
    flags: tuple[str, ...] = ()
    needs: list[str] = []
    if platform.machine() not in ("x86_64", "AMD64"):
        return (), ()
    for level, features in _LEVELS:
        if not processor_features().issuperset(features.split()):
            break
        flags = (f"-march={level}",)
        needs += features.split()
    return flags, tuple(needs)


def lanes(architecture: str = "any") -> int:
    """How many float32 one vector of a processor holds; ``any`` is this one."""
    machine = platform.machine() if architecture == "any" else architecture
    if machine in ("x86_64", "AMD64"):
        return {"v4": 8, "v3": 8}.get("".join(tuned()[0])[-2:], 4)
    return 4 if machine in ("aarch64", "arm64") else 1


def shared_library(compiler_path: str, files: Mapping[str, bytes], flags: tuple[str, ...]) -> bytes:
    """The files' ``.c`` and ``.s`` sources as a shared library."""
    with tempfile.TemporaryDirectory(prefix="lineshaft-c-") as folder:
        for name, text in files.items():
            Path(folder, name).write_bytes(text)
        sources = sorted(name for name in files if name.endswith((".c", ".s")))
        compile_(compiler_path, [*STRICT, *FAST, *flags, "-shared", "-fPIC", *sources, "-o", "out.so"], folder)
        return Path(folder, "out.so").read_bytes()


def compile_(path: str, arguments: list[str], folder: str) -> None:
    """Run the compiler in a folder; what it says against the code is the error."""
    try:
        done = subprocess.run([path, *arguments], cwd=folder, capture_output=True, text=True, check=False,
                              timeout=LONGEST, stdin=subprocess.DEVNULL, errors="replace")
    except subprocess.TimeoutExpired:
        raise EnvironmentFailed(f"{path} did not end within {LONGEST:g} s", where="backend c",
                                do="check that the compiler works") from None
    except OSError as error:
        raise EnvironmentFailed(f"{path} can't be run ({error.strerror})", where="backend c",
                                do="install a C99 compiler such as gcc") from None
    if done.returncode:
        first = next((line for line in done.stderr.splitlines() if "error" in line), done.stderr.strip()[:200])
        raise EnvironmentFailed(f"{path} failed: {first}", where="backend c", do="install a C99 compiler such as gcc")
