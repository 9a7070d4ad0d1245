"""What was learnt in Python becomes a bundle that a node takes, on disk or at once."""

from __future__ import annotations

import tempfile
from abc import ABC, abstractmethod
from functools import cached_property
from pathlib import Path

from lineshaft.app import edge, flow
from lineshaft.app.recipe import Recipe
from lineshaft.core.dataset import Dataset
from lineshaft.core.errors import UsageError
from lineshaft.model.learnt import Learnt
from lineshaft.node.seat import Loaded


class Sealable(ABC):
    """A learnt model with the data that it was learnt from."""

    learnt: Learnt
    recipe: Recipe

    @property
    @abstractmethod
    def sealed_with(self) -> tuple[Dataset, flow.Rows]:
        """The dataset, and the rows [N] of it that golden sequences are made from."""

    @property
    def why(self) -> str:
        """Why this learner."""
        return self.learnt.why

    def save(self, path: str | Path, *, key: str | Path | None = None) -> Path:
        """Certify on this machine, pack and sign: a bundle that a node takes. Nothing is overwritten.

        ``key`` is the private key; without one a new pair is made beside the bundle, ``<path>.key`` and
        ``<path>.pub``. Raises ``Refused`` where the certificate can't be given.
        """
        target = Path(path)
        if target.exists():
            raise UsageError("exists already", where=str(target), do="choose another name, or remove it first")
        target.parent.mkdir(parents=True, exist_ok=True)
        private = Path(key) if key is not None else target.parent / f"{target.name}.key"
        flow.signing_key(private)
        with tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as folder:
            self._seal(Path(folder), private).packed.path.rename(target)
        return target

    @cached_property
    def loaded(self) -> Loaded:
        """As a node would run it."""
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder)
            public = flow.signing_key(place / "watch.key")
            return edge.load(self._seal(place, place / "watch.key").packed.path, edge.Place(place, (public,)))

    def _seal(self, folder: Path, key: Path) -> flow.Sealed[Learnt]:
        return flow.seal(self.learnt, *self.sealed_with, self.recipe, folder, key)
