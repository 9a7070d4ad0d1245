"""A step on an emulated board: the struct goes in through a pipe, is stepped there, and comes back."""

from __future__ import annotations

import os
import select
import subprocess
import tempfile
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lineshaft.backend._c.engine import StructEngine
from lineshaft.core.errors import EnvironmentFailed
from lineshaft.core.step import StepSignature

_PATIENCE_S = 60.0


class EmulatedEngine(StructEngine):
    """``core.step.Engine`` whose step runs on ``board`` of an emulator; its times say nothing of a real one."""

    def __init__(self, image: bytes, layout: Mapping[str, Any], signature: StepSignature, emulator: tuple[str, str],
                 assets: int = 1) -> None:
        super().__init__(layout, signature, assets)
        self._folder = tempfile.TemporaryDirectory(prefix="lineshaft-c-")
        folder = Path(self._folder.name)
        folder.joinpath("board.elf").write_bytes(image)
        for name in ("in", "out"):
            os.mkfifo(folder / name)
        # Open both ways, so that neither end waits for the other to come.
        self._to, self._from = (os.open(folder / name, os.O_RDWR) for name in ("in", "out"))
        program, board = emulator
        self._process = subprocess.Popen(
            [program, "-M", board, "-nodefaults", "-display", "none", "-serial", "none", "-monitor", "none",
             "-kernel", "board.elf", "-semihosting-config", "enable=on,target=native"],
            cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.close = weakref.finalize(self, _end, self._process, self._folder, (self._to, self._from))

    def step(self) -> None:
        for asset in range(self.assets):
            struct = self.struct(asset)
            self._send(struct)
            self._receive(struct)

    def _send(self, struct: memoryview) -> None:
        sent = 0
        while sent < len(struct):
            self._wait(self._to, writing=True)
            sent += os.write(self._to, struct[sent:sent + select.PIPE_BUF])

    def _receive(self, struct: memoryview) -> None:
        seen = 0
        while seen < len(struct):
            self._wait(self._from, writing=False)
            part = os.read(self._from, len(struct) - seen)
            struct[seen:seen + len(part)] = part
            seen += len(part)

    def _wait(self, handle: int, *, writing: bool) -> None:
        ready = select.select([] if writing else [handle], [handle] if writing else [], [], _PATIENCE_S)
        if not any(ready) or self._process.poll() is not None:
            raise EnvironmentFailed("the emulated board stopped", where="backend c", do="compile the graph again")


def _end(process: subprocess.Popen[bytes], folder: tempfile.TemporaryDirectory[str], handles: tuple[int, ...]) -> None:
    process.kill()
    process.wait()
    for handle in handles:
        os.close(handle)
    folder.cleanup()
