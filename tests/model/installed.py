"""Learners of the monitor that can learn here: what an absent extra would teach is left out, except in CI."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Mapping

from lineshaft.model.learner import Learner, learners

NEEDS = {"forest": "sklearn", "temporal": "torch"}


def learnable() -> Mapping[str, type[Learner]]:
    """Of ``learners``, those whose library is installed; all of them where CI is set."""
    return {name: kind for name, kind in learners().items() if "CI" in os.environ or name not in NEEDS
            or importlib.util.find_spec(NEEDS[name]) is not None}
