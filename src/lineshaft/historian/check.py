"""Check: what no historian can keep exactly is refused before anything is stored."""

from __future__ import annotations

import numpy as np

from lineshaft.core.errors import UsageError
from lineshaft.core.sample import Samples
from lineshaft.core.tag import Tag

_KINDS = (("index", np.int64), ("time", np.int64), ("value", np.float64), ("quality", np.uint32))


def check_samples(samples: Samples) -> None:
    """Columns that fit their types without loss, an index inside the tags, text that is Unicode."""
    for name, kind in _KINDS:
        found = getattr(samples, name).dtype
        if not np.can_cast(found, kind, "safe"):
            raise UsageError(f"{name} is {found}", where="Samples", do=f"give {np.dtype(kind)}")
    if len(samples) and not 0 <= samples.index.min() <= samples.index.max() < len(samples.tags):
        raise UsageError(f"index points outside the {len(samples.tags)} tags", where="Samples")
    for text in samples.text or ():
        if text is not None:
            check_text(text)


def check_since(arrival: int, limit: int, stored: int) -> None:
    """A number that has been given out, and a limit that lets a reader get on."""
    if not 0 <= arrival <= stored:
        raise UsageError(f"number {arrival} was never given out, {stored} samples are stored",
                         do="go on from arrived()")
    if limit < 1:
        raise UsageError(f"{limit} is no limit", do="ask for one sample or more")


def check_path(path: str) -> None:
    """A path that a Tag may have."""
    check_text(Tag(path).path)


def check_text(text: str) -> None:
    """Half a surrogate pair can be in a ``str`` and in no file."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise UsageError(f"{text!r} is not valid Unicode", do="decode it with the right encoding") from error
