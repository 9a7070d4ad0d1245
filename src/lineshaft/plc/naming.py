"""Names that a program may give: not the language's own, in no case."""

from __future__ import annotations

import re
from functools import cache

from lineshaft.plc.check_unit import library
from lineshaft.plc.datatypes import ELEMENTARY
from lineshaft.plc.lexer import keywords
from lineshaft.plc.standard import FUNCTIONS, conversion
from lineshaft.plc.words import REFUSED

LENGTH = 32


@cache
def reserved() -> frozenset[str]:
    """Words, types, standard functions and blocks, in upper case."""
    blocks = {name.upper() for name in library()}
    return keywords() | REFUSED.keys() | ELEMENTARY.keys() | FUNCTIONS.keys() | blocks | {"TRUE", "FALSE", "EN", "ENO"}


class Namer:
    """Gives each thing a name of its own: letters, digits and single underscores, at most 32 characters.

    >>> namer = Namer()
    >>> namer.name("Score"), namer.name("score"), namer.name("9 lives__"), namer.name("TON")
    ('Score', 'score_2', 'n9_lives', 'TON_v')
    """

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def name(self, wanted: str) -> str:
        """The name for something that would be called ``wanted``."""
        plain = re.sub(r"_+", "_", re.sub(r"[^A-Za-z0-9]", "_", wanted)).strip("_") or "v"
        if plain[0].isdigit():
            plain = f"n{plain}"
        if plain.upper() in reserved() or conversion(plain.upper()) is not None:
            plain = f"{plain}_v"
        found, number = plain[:LENGTH].rstrip("_"), 1
        while found.lower() in self._taken:
            number += 1
            found = f"{plain[:LENGTH - len(str(number)) - 1].rstrip('_')}_{number}"
        self._taken.add(found.lower())
        return found
