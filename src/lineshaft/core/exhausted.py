"""What the system has run out of: libraries say it each in their own way, and a person wants to know which it is."""

from __future__ import annotations

import errno

from lineshaft.core.errors import EnvironmentFailed


class Exhausted(EnvironmentFailed):
    """Memory, threads or file handles are used up; trying something else here does not help."""


_MEMORY = ("cannot allocate memory", "failed to map segment", "bad_alloc", "bad allocation", "out of memory",
           "unable to allocate")
_BY_NUMBER = {
    errno.ENOMEM: ("memory ran out", "give the process more memory, or ask it for less at once"),
    errno.EAGAIN: ("no further thread or process may be started",
                   "raise the limits of memory and processes that it runs under"),
    errno.EMFILE: ("no further file may be opened by this process", "raise its limit of open files (`ulimit -n`)"),
    errno.ENFILE: ("no further file may be opened on this machine", "end what holds so many files open"),
}


def exhausted(error: BaseException, where: str = "") -> Exhausted | None:
    """The sentence for what ran out; None where ``error`` is about something else.

    >>> print(exhausted(MemoryError()))
    memory ran out; give the process more memory, or ask it for less at once
    >>> exhausted(ValueError("no number")) is None
    True
    """
    number = _number(error)
    if number not in _BY_NUMBER:
        return None
    what, do = _BY_NUMBER[number]
    return Exhausted(what, where=where, do=do)


def _number(error: BaseException) -> int | None:
    if isinstance(error, OSError) and error.errno in _BY_NUMBER:
        return error.errno
    said = str(error).lower()
    if isinstance(error, MemoryError) or any(word in said for word in _MEMORY):
        return errno.ENOMEM
    return errno.EAGAIN if "can't start new thread" in said else None
