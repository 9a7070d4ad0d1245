"""A disk of a few MiB that can be filled for real, and a file whose newest bytes did not all reach it."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.faults.case import NotHere

_FILLER = "everything else"


@dataclass(frozen=True, slots=True)
class SmallDisk:
    """A file system of its own at ``folder``."""

    folder: Path

    def fill(self, left: int) -> None:
        """Until so many bytes are left, or none."""
        with (self.folder / _FILLER).open("ab", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError:
                file.truncate(max(0, file.tell() - left))

    def free(self) -> None:
        """Somebody removes what filled it."""
        (self.folder / _FILLER).unlink()


@contextmanager
def small_disk(folder: Path, mib: int = 16) -> Iterator[SmallDisk]:
    """Mounted while the block runs; ``NotHere`` where this user may not mount."""
    folder.mkdir(parents=True)
    size = ["-t", "tmpfs", "-o", f"size={mib}m", "lineshaft-fault"]
    try:
        mounted = subprocess.run(["mount", *size, str(folder)], capture_output=True, text=True, check=False)
    except OSError as error:
        raise NotHere(f"no small disk can be mounted here ({error})") from None
    if mounted.returncode:
        raise NotHere(f"no small disk can be mounted here ({mounted.stderr.strip()}); run as root")
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def tear(file: Path, durable: bytes, chance: random.Random) -> bool:
    """What a power cut may leave of what was written after ``durable``: cut off, or pages of it never written.

    False where nothing was written at its end since then.
    """
    written = file.read_bytes()
    if len(written) <= len(durable) or not written.startswith(durable[:4096]):
        return False
    torn = bytearray(written[:chance.randint(len(durable), len(written))])
    if chance.random() < 0.5 and len(torn) > len(durable):
        at = chance.randrange(len(durable), len(torn))
        torn[at:at + chance.choice((1, 512, 4096))] = b""
        torn.extend(bytes(max(0, len(written) - len(torn))))
    file.write_bytes(torn)
    return True
