"""Series -> dataset: one time grid, quality, labels, splits.

``build`` asks a historian, ``from_runs`` takes recordings out of files; both give a ``core.dataset.Dataset``.
"""

from lineshaft.dataset.align import align
from lineshaft.dataset.build import build, from_runs
from lineshaft.dataset.recording import Recording
from lineshaft.dataset.split import Split, by_asset, by_time, within_runs
from lineshaft.dataset.windows import Windows, windows

__all__ = ["Recording", "Split", "Windows", "align", "build", "by_asset", "by_time", "from_runs", "windows",
           "within_runs"]
