"""The report of ``lineshaft watch`` and ``lineshaft demo``: data in, one self-contained HTML file out."""

from lineshaft.app.report.data import (
    Choice,
    Event,
    Latency,
    LearnerRow,
    Passage,
    ReportAlarm,
    ReportData,
    Trust,
)
from lineshaft.app.report.page import in_theme, render

__all__ = ["Choice", "Event", "Latency", "LearnerRow", "Passage", "ReportAlarm", "ReportData", "Trust",
           "in_theme", "render"]
