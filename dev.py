#!/usr/bin/env python3
"""Everything a person does with this repository, on any system: ``python dev.py demo|test|check|...``.

Standard library only. It makes its own virtual environment in ``.venv`` and installs into it what the command
needs; a second run finds it there. Words after the command go on to the tool behind it.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = Path(os.environ.get("LINESHAFT_VENV", ROOT / ".venv"))
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
OLDEST = (3, 11)
TRYING = {"OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": ""}
"""Of tests: they start hundreds of processes, which share what the first one compiled."""


def say(text: str) -> None:
    print(f"==> {text}", file=sys.stderr, flush=True)


def run(*command: str | Path, env: dict[str, str] | None = None) -> int:
    return subprocess.call([str(part) for part in command], cwd=ROOT, env={**os.environ, **(env or {})})


def install(extra: str) -> None:
    """The virtual environment with this repository and one extra; nothing to do when neither changed.

    ``LINESHAFT_EXTRAS`` names more of them (``torch,hls``): too heavy for everybody, and CI has them.
    """
    extra = ",".join([extra, *os.environ.get("LINESHAFT_EXTRAS", "").replace(",", " ").split()])
    stamp = VENV / f"lineshaft-{extra.replace(',', '-')}.stamp"
    wanted = hashlib.sha256((ROOT / "pyproject.toml").read_bytes() + sys.version.encode()).hexdigest()
    if PYTHON.exists() and stamp.exists() and stamp.read_text() == wanted:
        return
    if not PYTHON.exists():
        say(f"making a virtual environment in {VENV}")
        try:
            venv.create(VENV, with_pip=True)
        except subprocess.CalledProcessError:
            shutil.rmtree(VENV, ignore_errors=True)
            sys.exit("This Python can't make virtual environments; on Debian and Ubuntu install python3-venv, "
                     "then run this again.")
    say(f"installing lineshaft[{extra}] and what it needs (once; one to three minutes)")
    quiet = () if sys.stderr.isatty() else ("--quiet",)
    if run(PYTHON, "-m", "pip", "install", "--disable-pip-version-check", *quiet, "-e", f".[{extra}]"):
        sys.exit("The installation failed; the lines above say why. Nothing outside the virtual environment "
                 "was touched: mend it and run this again.")
    stamp.write_text(wanted)


def demo(rest: Sequence[str]) -> int:
    """start a plant, learn, certify, deploy, watch, and find a fault"""
    install("all")
    return run(PYTHON, "-m", "lineshaft", "demo", *rest)


def test(rest: Sequence[str]) -> int:
    """run the whole suite, parallel"""
    install("dev")
    workers = () if any(word.startswith("-n") for word in rest) else ("-n", "auto")
    return run(PYTHON, "-m", "pytest", *workers, *rest, env=TRYING)


def check(rest: Sequence[str]) -> int:
    """ruff, mypy strict, and import-linter for the layer rules"""
    install("dev")
    failed = 0
    for name, *command in (("ruff", "-m", "ruff", "check"),
                           ("mypy", "-m", "mypy"),
                           ("import-linter", "-c", "from importlinter.cli import lint_imports_command as m; m()")):
        say(name)
        failed |= run(PYTHON, *command, *rest)
    return int(bool(failed))


def bench(rest: Sequence[str]) -> int:
    """run every benchmark and write bench/RESULTS.md anew"""
    install("dev,bench")
    return run(PYTHON, "bench/run_all.py", *rest)


def fuzz(rest: Sequence[str]) -> int:
    """draw 500 random graphs a backend and compare all with the reference (LINESHAFT_FUZZ: how many)"""
    install("dev")
    wanted = os.environ.get("LINESHAFT_FUZZ", "500")
    return run(PYTHON, "-m", "pytest", "-n", "auto", "--timeout=0", "-vv", "tests/fuzz/test_backends.py", *rest,
               env={**TRYING, "LINESHAFT_FUZZ": wanted})


def faults(rest: Sequence[str]) -> int:
    """inject every fault of the matrix and write bench/FAULTS.md anew"""
    install("dev")
    return run(PYTHON, "-m", "tests.faults", *rest, env=TRYING)


def audit(_: Sequence[str]) -> int:
    """write the bill of materials into dist/, and ask for known weaknesses of what is installed (3: nobody answered)"""
    install("dev,audit")
    return run(PYTHON, "-m", "deploy.sbom") or run(PYTHON, "-m", "deploy.audit")


def clean(_: Sequence[str]) -> int:
    """remove the virtual environment and caches"""
    caches = (".mypy_cache", ".ruff_cache", ".import_linter_cache", ".hypothesis")
    for path in (VENV, *(ROOT / name for name in caches)):
        shutil.rmtree(path, ignore_errors=True)
    return 0


COMMANDS: dict[str, Callable[[Sequence[str]], int]] = {
    command.__name__: command for command in (demo, test, check, bench, fuzz, faults, audit, clean)}


def main() -> int:
    if sys.version_info < OLDEST:
        sys.exit(f"Lineshaft needs Python {OLDEST[0]}.{OLDEST[1]} or newer; this is {sys.version.split()[0]}. "
                 "Run this script with a newer one.")
    listing = "\n".join(f"  {name:7}{command.__doc__}" for name, command in COMMANDS.items())
    parser = argparse.ArgumentParser(description=f"{__doc__}\n{listing}",
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=COMMANDS)
    known, rest = parser.parse_known_args()
    return COMMANDS[known.command](rest)


if __name__ == "__main__":
    sys.exit(main())
