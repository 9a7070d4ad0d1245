"""What a source states in another unit than it was asked for in is no value of that tag."""

from __future__ import annotations

from collections.abc import Iterable, Set

import numpy as np

from lineshaft.core.quality import BAD_CONFIGURATION_ERROR, usable
from lineshaft.core.sample import Samples
from lineshaft.core.tag import Tag


def misstated(asked: Iterable[Tag], there: Iterable[Tag]) -> frozenset[str]:
    """Paths of tags that are there in another unit; where one of the two has none, nothing can be said.

    >>> misstated([Tag("a", "bar"), Tag("b")], [Tag("a", "kPa"), Tag("b", "K")])
    frozenset({'a'})
    """
    units = {tag.path: tag.unit for tag in there}
    return frozenset(tag.path for tag in asked if tag.unit and units.get(tag.path, "") not in ("", tag.unit))


def marked(samples: Samples, paths: Set[str]) -> Samples:
    """The same samples, changed in place: what was usable of these paths is BAD_CONFIGURATION_ERROR."""
    if paths:
        foreign = np.array([tag in paths for tag in samples.tags], np.bool_)[samples.index]
        samples.quality[foreign & usable(samples.quality)] = BAD_CONFIGURATION_ERROR
    return samples
