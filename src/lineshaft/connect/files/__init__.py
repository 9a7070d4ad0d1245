"""Files as a source: CSV and Parquet exports as plants really write them, with a word on every decision."""

from lineshaft.connect.files.options import ReadOptions
from lineshaft.connect.files.reader import read_files
from lineshaft.connect.files.table import Run, Table

__all__ = ["ReadOptions", "Run", "Table", "read_files"]
