"""For a microcontroller: the step as an object, what it takes of flash and RAM, and an image for an emulated board."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from lineshaft.backend._c import build
from lineshaft.core.errors import Refused
from lineshaft.core.target import Target

IMAGE = "board.elf"
FREESTANDING = ("-ffreestanding", "-ffp-contract=fast", "-fno-math-errno", "-fno-trapping-math", "-ffunction-sections",
                "-fdata-sections")


def missing(target: Target) -> list[str]:
    """Tools that this target needs and that aren't installed."""
    tools = (target.option("c", "compiler"), target.option("c", "emulator"))
    return [f"{tool} is not installed" for tool in tools if tool and not shutil.which(tool)]


def cross_compiled(files: Mapping[str, bytes], target: Target, struct_bytes: int
                   ) -> tuple[dict[str, bytes], dict[str, Any]]:
    """Object and image beside the sources, and what is known of them. ``Refused`` where the target is too small."""
    compiler = build.compiler(target.option("c", "compiler"))
    flags = (*FREESTANDING, *target.option("c", "flags", "-O2").split())
    with tempfile.TemporaryDirectory(prefix="lineshaft-c-") as folder:
        for name, data in files.items():
            Path(folder, name).write_bytes(data)
        build.compile_(compiler, [*build.STRICT, *flags, "-fstack-usage", "-c", "step.c", "-o", "step.o"], folder)
        flash = _flash(compiler, folder) + len(files.get("constants.bin", b""))
        ram = struct_bytes + _stack(Path(folder, "step.su").read_text("utf-8"))
        made = {"step.o": Path(folder, "step.o").read_bytes()}
        _require_room(target, flash, ram)
        if target.option("c", "emulator"):
            made[IMAGE] = _image(compiler, flags, folder)
    return made, {"compiler": build.version(compiler), "flags": " ".join(flags), "flash_bytes": flash, "ram_bytes": ram}


def _image(compiler: str, flags: tuple[str, ...], folder: str) -> bytes:
    for name in ("board.c", "board.ld"):
        Path(folder, name).write_text((resources.files(__package__) / name).read_text("utf-8"), "utf-8")
    apart = ["constants.s"] if Path(folder, "constants.s").exists() else []
    build.compile_(compiler, ["-std=gnu99", "-Wall", "-Wextra", "-Werror", *flags, "-nostartfiles", "-T", "board.ld",
                              "board.c", "step.o", *apart, "-lc", "-lgcc", "-o", IMAGE], folder)
    return Path(folder, IMAGE).read_bytes()


def _flash(compiler: str, folder: str) -> int:
    """Bytes of code and constants in the object, by the compiler's own ``size``."""
    size = re.sub(r"(gcc|cc|clang)$", "size", compiler)
    done = subprocess.run([size, "-A", "step.o"], cwd=folder, capture_output=True, text=True, check=True)
    rows = (line.split() for line in done.stdout.splitlines())
    return sum(int(row[1]) for row in rows if len(row) > 1 and row[0].startswith((".text", ".rodata", ".data")))


def _stack(usage: str) -> int:
    """Bytes of stack of the hungriest function."""
    return max((int(line.split("\t")[1]) for line in usage.splitlines() if "\t" in line), default=0)


def _require_room(target: Target, flash: int, ram: int) -> None:
    for what, needed, there in (("flash", flash, target.flash_bytes), ("RAM", ram, target.memory_bytes)):
        if there and needed > there:
            raise Refused(f"takes {needed:,} bytes of {what}, and {target.name} has {there:,}", where="backend c",
                          do="choose a smaller learner, or a target with more of it")
