"""``python -m tests.faults.opening DOOR FILE ...``: give each file to the command that such a file comes in by.

For hostile ones, so in a process of its own with bounds: a line of JSON for each file as it is done. A file at which
it hangs or dies is the one after the last line.
"""

from __future__ import annotations

import atexit
import contextlib
import io
import json
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.faults import small

MEMORY, EACH_S = 3 << 30, 60
FOUND = Path(__file__).with_name("corpus")
"""Files by door on which something once went wrong."""


@dataclass(frozen=True, slots=True)
class Door:
    """``words`` of the command for a file and an empty folder; ``codes`` it may end with."""

    words: Callable[[Path, Path], list[str]]
    codes: tuple[int, ...]


@cache
def _sound() -> Path:
    """A folder with ``sound.tar``, a bundle that verifies, and ``signer.pub``, the key that does it."""
    made = small.parts(Path(tempfile.mkdtemp(prefix="lineshaft-sound-")))
    small.bundle(made, name="sound.tar")
    atexit.register(shutil.rmtree, made.folder)
    return made.folder


def _project(file: Path, folder: Path) -> list[str]:
    (folder / "lineshaft.toml").write_bytes(file.read_bytes())
    return ["tag", "list", "--project", str(folder)]


DOORS = {
    "toml": Door(_project, (0, 2)),
    "table": Door(lambda file, folder: ["tag", "browse", str(file), "--values"], (0, 2)),
    "model": Door(lambda file, folder: ["graph", "import", str(file), "--out", str(folder / "step.onnx")], (0, 1, 2)),
    "graph": Door(lambda file, folder: ["graph", "show", str(file)], (0, 1, 2)),
    "bundle": Door(lambda file, folder: ["bundle", "verify", str(file), "--trust", str(_sound() / "signer.pub")],
                   (0, 1, 2)),
    "key": Door(lambda file, folder: ["bundle", "verify", str(_sound() / "sound.tar"), "--trust", str(file)],
                (0, 1, 2)),
}
"""By the folder of the corpus. 3 is never right: a bad file is no failure of the environment."""


@dataclass(frozen=True, slots=True)
class Opened:
    """How a command ended on one file."""

    file: str
    code: int
    said: str
    seconds: float

    def wrong(self, door: str, *, passes: bool = True) -> str:
        """What is wrong with that; "" where nothing is."""
        if not (self.code or passes):
            return f"{self.file}: it passed"
        if self.code not in DOORS[door].codes:
            return f"{self.file}: exit code {self.code}: {self.said[:300]}"
        if "Warning: " in self.said:
            return f"{self.file}: a library's warning is shown: {self.said[:300]!r}"
        if self.code and not _one_sentence(self.said):
            return f"{self.file}: not one sentence: {self.said[:300]!r}"
        return ""


def opened(door: str, files: Sequence[Path]) -> list[Opened]:
    """Each file through the door, in a child that may use so much memory and time; the last one is that it died of."""
    line = [sys.executable, "-m", "tests.faults.opening", door, *map(str, files)]
    child = subprocess.run(line, capture_output=True, text=True, timeout=EACH_S * len(files) + 60, check=False)
    found = [Opened(**json.loads(told)) for told in child.stdout.splitlines()]
    if len(found) < len(files):
        found.append(Opened(str(files[len(found)]), child.returncode, child.stderr[-300:] or "it died", 0.0))
    return found


def failures(door: str, files: Sequence[Path], *, passes: bool = True) -> list[str]:
    """What is wrong with how each file was taken; ``passes`` False: none of them may be taken."""
    return [why for one in opened(door, files) if (why := one.wrong(door, passes=passes))]


def _one_sentence(said: str) -> bool:
    lines = [line for line in said.strip().splitlines() if line]
    return bool(lines) and lines[-1].startswith("lineshaft: ") and "Traceback" not in said and (
        not lines[-1].startswith("lineshaft: unexpected")) and lines[-1].isprintable()


def _each(door: str, files: Sequence[Path]) -> Iterator[Opened]:
    from lineshaft.app.cli import main

    for file in files:
        said, begun = io.StringIO(), time.monotonic()
        signal.alarm(EACH_S)  # nobody catches it: a hang ends this process
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()), \
                contextlib.redirect_stderr(said):
            code = main(DOORS[door].words(file, Path(folder)))
        signal.alarm(0)
        yield Opened(str(file), code, said.getvalue(), time.monotonic() - begun)


def _main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    out = sys.stdout
    for one in _each(sys.argv[1], [Path(file) for file in sys.argv[2:]]):
        print(json.dumps({"file": one.file, "code": one.code, "said": one.said, "seconds": one.seconds}), file=out,
              flush=True)


if __name__ == "__main__":
    _main()
