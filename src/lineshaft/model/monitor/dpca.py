"""Dynamic PCA (Ku, Storer and Georgakis, Chemom. Intell. Lab. Syst. 30, 1995): PCA on rows with their past."""

from __future__ import annotations

from typing import ClassVar, Literal

from lineshaft.model.monitor.pca import Pca


class DynamicPca(Pca):
    """The index of PCA over the newest lags of every tag."""

    name: ClassVar[str] = "dpca"
    features: ClassVar[Literal["level", "past", "signal"]] = "past"
    aside: ClassVar[str] = ""


LEARNER = DynamicPca
