"""Errors a person can act on: what is wrong, where, and what to do; each maps to an exit code."""

from __future__ import annotations


class LineshaftError(Exception):
    """Base of every error shown to a person without a traceback.

    ``what`` is the fact, ``where`` the file, line, key or tag, ``do`` the next step.

    >>> print(UsageError("the period is negative", where="lineshaft.toml:12 tasks.boiler.period",
    ...                  do="write a positive duration such as '1s'"))
    lineshaft.toml:12 tasks.boiler.period: the period is negative; write a positive duration such as '1s'
    """

    exit_code = 3

    def __init__(self, what: str, *, where: str = "", do: str = "") -> None:
        self.what, self.where, self.do = what, where, do
        super().__init__(what, where, do)

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        return f"{text}; {self.do}" if self.do else text

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.what, self.where, self.do))


def _rebuild(kind: type[LineshaftError], what: str, where: str, do: str) -> LineshaftError:
    return kind(what, where=where, do=do)


class Refused(LineshaftError):
    """The question was understood and the answer is no (a signature, a guard, a certificate)."""

    exit_code = 1


class UsageError(LineshaftError):
    """The caller's input is wrong: an option, a file's content, a key of ``lineshaft.toml``."""

    exit_code = 2


class EnvironmentFailed(LineshaftError):
    """The surroundings failed: a server is away, a disk is full, a package is not installed."""

    exit_code = 3
