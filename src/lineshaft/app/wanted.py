"""msgspec's words on a value of the wrong type, as a plant engineer's."""

from __future__ import annotations

import re

_KINDS = {"str": "a text in quotes", "int": "a whole number", "float": "a number", "bool": "true or false",
          "array": "a list", "object": "a table"}


def wanted(what: str) -> str:
    """What was wanted and what stands there.

    >>> wanted("Expected `str`, got `int`")
    'a text in quotes is wanted, not a whole number'
    """
    what = re.sub(r"Expected `([^`]+)`, got `([^`]+)`", lambda m: f"{_kind(m[1])} is wanted, not {_kind(m[2])}", what)
    what = re.sub(r"Expected `([^`]+)` (\W+ .*)", lambda m: f"{_kind(m[1])} {m[2]} is wanted", what)
    return what.replace("Object contains unknown field", "there is no key").replace(
        "Object missing required field", "a key is missing:").replace("`", "'")


def _kind(types: str) -> str:
    """
    >>> _kind("float | null")
    'a number'
    """
    names = [_KINDS.get(name, name) for name in types.split(" | ") if name != "null"]
    return " or ".join(dict.fromkeys(names))
