"""Defence of training data: leaks between what teaches and what judges, wrong labels, poisoned windows."""

from lineshaft.dataset.defence.evidence import Evidence, Leak
from lineshaft.dataset.defence.survey import find_leaks

__all__ = ["Evidence", "Leak", "find_leaks"]
