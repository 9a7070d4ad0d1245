"""Errors of other people's libraries become ours: a runtime raises what it likes, and a person gets a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from lineshaft.core.errors import EnvironmentFailed, LineshaftError
from lineshaft.core.exhausted import exhausted


@contextmanager
def told(doing: str) -> Iterator[None]:
    """Whatever a library raises inside is raised as ``EnvironmentFailed`` with what was being done; as ``Exhausted``
    where memory, threads or file handles ran out over it.
    """
    try:
        yield
    except LineshaftError:
        raise
    except Exception as error:
        if (ran_out := exhausted(error, doing)) is not None:
            raise ran_out from error
        first = (str(error).strip().splitlines() or [""])[0][:300]
        raise EnvironmentFailed(f"{doing} failed: {type(error).__name__}: {first}") from error
