"""What an engine holds, measured where nothing else is: in a process of its own.

In a process that has lived, the allocator hands a new engine what others gave back, and resident memory hardly
moves (a monitor of 3.6 MB showed as 0.4 MB there); so the growth is taken in a fresh one.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from lineshaft.bundle.machine import resident_bytes
from lineshaft.core.errors import EnvironmentFailed, UsageError
from lineshaft.core.step import Engine

_STEPS = 256
_TIMEOUT_S = 120
_CHILD = "from lineshaft.bundle.memory import answer; answer()"


def fresh_process_memory(factory: Callable[[], Engine]) -> int:
    """Bytes by which a fresh process grows when it makes this engine and steps it, the imports before apart.

    It includes what the backend's library sets up with its first engine, because a node pays that too.
    ``factory`` is sent there by pickle: ``functools.partial(backend.load, artifact, signature, target)`` can
    be.
    """
    try:
        sent = pickle.dumps(factory)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise UsageError(f"the engine's factory can't be sent to a fresh process ({error})", where="certify",
                         do="pass functools.partial(backend.load, artifact, signature, target)") from error
    places = os.pathsep.join(str(Path(place).resolve()) for place in sys.path)
    try:
        done = subprocess.run([sys.executable, "-c", _CHILD], input=sent, capture_output=True, timeout=_TIMEOUT_S,
                              env={**os.environ, "PYTHONPATH": places}, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EnvironmentFailed(f"memory could not be measured ({error})", where="certify",
                                do="check that this machine can start Python") from error
    if done.returncode:
        last = (done.stderr.decode("utf-8", "replace").strip().splitlines() or ["no word"])[-1]
        raise EnvironmentFailed(f"memory could not be measured, the fresh process failed: {last}", where="certify",
                                do="check that the backend loads there")
    return int(done.stdout)


def answer() -> None:
    """The fresh process: factory on stdin, bytes on stdout."""
    factory: Callable[[], Engine] = pickle.load(sys.stdin.buffer)
    before = resident_bytes()
    engine = factory()
    peak = resident_bytes()
    for _ in range(_STEPS):
        engine.step()
        peak = max(peak, resident_bytes())
    print(max(peak - before, buffers(engine)))


def buffers(engine: Engine) -> int:
    """Bytes of the tensors that can be seen from outside: the least that an engine can hold."""
    arrays = [engine.x, engine.quality, *engine.out.values(), *engine.state().values()]
    return sum(array.nbytes for array in arrays)
