"""Version names: which historian, and how many rows of it.

Rows are only ever added and each carries its number of arrival, so "everything stored now" is said by the
last number. Where a row lies (SQLite or Delta, merged or not) does not enter the name.
"""

from __future__ import annotations

import re

from lineshaft.core.errors import UsageError

_NAME = re.compile(r"([0-9a-f]{12})-([0-9]{1,18})")


def name_version(historian: str, last: int) -> str:
    """The name of the first ``last`` rows.

    >>> name_version("0123456789ab", 500)
    '0123456789ab-500'
    """
    return f"{historian}-{last}"


def last_arrival(version: str | None, historian: str, stored: int) -> int:
    """The last arrival number that ``version`` holds; ``stored`` for None.

    >>> last_arrival("0123456789ab-500", "0123456789ab", 800)
    500
    """
    if version is None:
        return stored
    match = _NAME.fullmatch(version)
    if match is None:
        raise UsageError(f"{version!r} is not a version of a historian", do="use what version() returned")
    if match[1] != historian:
        raise UsageError(f"version {version} belongs to another historian (this one is {historian})",
                         do="open the historian that named it")
    if int(match[2]) > stored:
        raise UsageError(f"version {version} holds {match[2]} rows and only {stored} are stored",
                         do="restore the newer copy of this historian")
    return int(match[2])
