"""Ways of being turned away that have more to say than the sentence."""

from __future__ import annotations

from lineshaft.core.errors import Refused, UsageError


class NoSuchAccount(UsageError):
    """No account has that name."""


class MustWait(Refused):
    """Too many attempts; ``seconds`` is how long nothing is tried."""

    def __init__(self, what: str, *, where: str = "", do: str = "", seconds: int = 1) -> None:
        self.seconds = seconds
        super().__init__(what, where=where, do=do or f"try again in {seconds} s")
