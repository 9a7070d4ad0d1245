"""A child process as a hand: a candidate that hangs or crashes takes the child with it and not the search."""

from __future__ import annotations

import os
import pickle
import struct
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import IO, Any, ClassVar, cast

from lineshaft.core.errors import EnvironmentFailed, LineshaftError
from lineshaft.model.search.hands import Done, Lost
from lineshaft.model.search.judge import Judge

HEADER = struct.Struct("<Q")
READY_S = 300.0
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


class Process:
    """``payload`` is a pickle of what ``Judge`` takes; the child imports what that names."""

    stoppable: ClassVar[bool] = True

    def __init__(self, payload: bytes) -> None:
        self._payload = payload
        self._child = self._started()

    def do(self, work: Callable[[Judge], Done], limit_s: float) -> Done:
        said = _answer(self._child, pickle.dumps(work), limit_s)
        if isinstance(said, LineshaftError):
            raise said
        return cast(Done, said)

    def renew(self) -> None:
        self.close()
        self._child = self._started()

    def close(self) -> None:
        self._child.kill()
        self._child.wait()
        for stream in (self._child.stdin, self._child.stdout):
            assert stream is not None
            stream.close()

    def _started(self) -> subprocess.Popen[bytes]:
        paths = os.pathsep.join(path or os.curdir for path in sys.path)
        child = subprocess.Popen([sys.executable, "-m", __spec__.name], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                 bufsize=0, env={**os.environ, **ONE_THREAD, "PYTHONPATH": paths})
        try:
            _answer(child, self._payload, READY_S)
        except (Lost, TimeoutError):
            child.kill()
            child.wait()
            raise EnvironmentFailed("a process that judges candidates could not be started; what it said stands above",
                                    do="search in one process, or define the task in a module") from None
        return child


def _answer(child: subprocess.Popen[bytes], question: bytes, limit_s: float) -> Any:
    """What the child says; one that takes longer is killed, which ends the waiting."""
    late = threading.Event()

    def end() -> None:
        late.set()
        child.kill()

    timer = threading.Timer(limit_s, end)
    timer.start()
    try:
        assert child.stdin is not None and child.stdout is not None
        send(child.stdin, question)
        return pickle.loads(receive(child.stdout))
    except (OSError, EOFError):
        if late.is_set():
            raise TimeoutError from None
        raise Lost from None
    finally:
        timer.cancel()
        timer.join()


def send(stream: IO[bytes], content: bytes) -> None:
    """One message; an unbuffered pipe takes what it has room for."""
    view = memoryview(HEADER.pack(len(content)) + content)
    while view:
        view = view[stream.write(view):]


def receive(stream: IO[bytes]) -> bytes:
    """One message; ``EOFError`` where the other side is gone."""
    size, = HEADER.unpack(_exactly(stream, HEADER.size))
    return _exactly(stream, size)


def _exactly(stream: IO[bytes], count: int) -> bytes:
    found = bytearray()
    while len(found) < count:
        part = stream.read(min(count - len(found), 2**20))
        if not part:
            raise EOFError
        found += part
    return bytes(found)


def _child() -> None:
    """The child's side: libraries that print do it on stderr; when the parent is gone, so is the child."""
    questions, answers = os.fdopen(os.dup(0), "rb", buffering=0), os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    judge = Judge(*pickle.loads(receive(questions)))
    send(answers, pickle.dumps("ready"))
    asked: list[Callable[[Judge], object]] = []
    there = threading.Semaphore(0)

    def listen() -> None:
        while True:
            try:
                asked.append(pickle.loads(receive(questions)))
            except EOFError:
                os._exit(0)
            there.release()

    threading.Thread(target=listen, daemon=True).start()
    while there.acquire():
        try:
            said = asked.pop(0)(judge)
        except LineshaftError as problem:
            said = problem
        send(answers, pickle.dumps(said))


if __name__ == "__main__":
    _child()
