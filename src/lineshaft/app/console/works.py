"""Works: answers that take longer than a person waits for a page, worked out once on a thread and kept."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from lineshaft.core.errors import LineshaftError, Refused
from lineshaft.core.progress import Progress

log = logging.getLogger(__name__)
MOST_KEPT, MOST_WAITING, AT_ONCE = 16, 8, 2


@dataclass(slots=True, eq=False)
class Work:
    """One answer on its way. ``state`` is running, done or failed; ``error`` is the sentence of a failure.

    ``done`` of ``total`` steps, ``total`` 0 where it is not known yet; ``result`` is there once it is done.
    """

    state: str = "running"
    done: int = 0
    total: int = 0
    what: str = ""
    result: Any = None
    error: LineshaftError | None = None
    ended: threading.Event = field(default_factory=threading.Event)


class _GivenUp(Exception):
    """The console ends; nobody waits for this any more."""


class Works:
    """Whoever asks for the same key gets the same work; a failed one is begun anew by the next who asks."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(AT_ONCE, "work")
        self._works: dict[Hashable, Work] = {}
        self._lock = threading.Lock()
        self._closed = False

    def ask(self, key: Hashable, make: Callable[[Progress], Any]) -> Work:
        """The work of this key as it stands, begun now where there is none; from any thread."""
        with self._lock:
            work = self._works.pop(key, None)
            if work is not None and work.state == "failed":
                return work  # told once, and forgotten
            if work is None:
                if sum(one.state == "running" for one in self._works.values()) >= MOST_WAITING:
                    raise Refused("too much is being worked out already", do="wait until some of it is done")
                work = Work()
                self._pool.submit(self._run, work, make)
            self._works[key] = work
            for old in [key for key, one in self._works.items() if one.state != "running"][:-MOST_KEPT]:
                del self._works[old]
            return work

    def close(self) -> None:
        """Give up what runs, at its next step."""
        self._closed = True
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _run(self, work: Work, make: Callable[[Progress], Any]) -> None:
        def progress(done: int, total: int, what: str) -> None:
            if self._closed:
                raise _GivenUp
            work.done, work.total, work.what = done, total, what

        try:
            progress(0, 0, "")
            work.result = make(progress)
            work.state = "done"
        except LineshaftError as error:
            work.error, work.state = error, "failed"
        except _GivenUp:
            work.error, work.state = Refused("the console ends"), "failed"
        except Exception as error:  # a mistake of ours must not look like work without an end
            log.exception("work failed")
            work.error, work.state = Refused(f"this failed: {error}", do="see the console's log"), "failed"
        finally:
            work.ended.set()
