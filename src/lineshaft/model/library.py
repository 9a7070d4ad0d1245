"""Libraries that learn numbers (scikit-learn, LightGBM, SciPy): asked for late, since nothing else needs them."""

from __future__ import annotations

import importlib
from typing import Any

from lineshaft.core.errors import EnvironmentFailed


def library(module: str) -> Any:
    """The module. Raises ``EnvironmentFailed`` that says what to install.

    >>> library("no_such_library.part")
    Traceback (most recent call last):
    lineshaft.core.errors.EnvironmentFailed: no_such_library is not installed; pip install 'lineshaft[models]'
    """
    try:
        return importlib.import_module(module)
    except ImportError:
        raise EnvironmentFailed(f"{module.partition('.')[0]} is not installed",
                                do="pip install 'lineshaft[models]'") from None
