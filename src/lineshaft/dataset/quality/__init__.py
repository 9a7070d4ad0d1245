"""Data quality: what is wrong with a plant's history, as findings and as sentences."""

from lineshaft.dataset.quality.assess import assess, assess_recordings
from lineshaft.dataset.quality.finding import Finding, Kind, QualityReport, Severity, TagQuality, Unusable
from lineshaft.dataset.quality.sentence import overall, sentence

__all__ = ["Finding", "Kind", "QualityReport", "Severity", "TagQuality", "Unusable", "assess",
           "assess_recordings", "overall", "sentence"]
