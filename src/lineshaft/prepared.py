"""Types are made ready for decoding when their module is imported, never at the first use."""

from __future__ import annotations

from typing import Any

import msgspec


def prepared(*kinds: Any) -> None:
    """msgspec learns a type when it first decodes one, and where two threads come first at once the process dies."""
    for kind in kinds:
        msgspec.json.Decoder(kind)
