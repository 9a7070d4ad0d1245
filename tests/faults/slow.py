"""A disk whose flushes take as long as a test says, for real processes: a preloaded library waits in ``fsync``."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.faults.case import NotHere, NotInstalled


class SlowDisk:
    """``environment`` is for a process that shall have it; ``takes`` changes it in mid-run."""

    def __init__(self, folder: Path) -> None:
        compiler = shutil.which("cc") or shutil.which("gcc")
        if not sys.platform.startswith("linux"):
            raise NotHere("a flush is made slow with LD_PRELOAD, which only Linux has")
        if compiler is None:
            raise NotInstalled("a flush is made slow by a few lines of C: install gcc")
        folder.mkdir(parents=True, exist_ok=True)
        library, self._file = folder / "slow_disk.so", folder / "ms"
        source = Path(__file__).with_name("slow_disk.c")
        subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", str(library), str(source), "-ldl"], check=True)
        self.environment: Mapping[str, str] = {"LD_PRELOAD": str(library), "SLOW_DISK": str(self._file)}
        self.takes(0.0)

    def takes(self, seconds: float) -> None:
        """From now on each flush."""
        part = self._file.with_suffix(".part")
        part.write_text(f"{seconds * 1000:.0f}\n", "ascii")
        part.replace(self._file)
