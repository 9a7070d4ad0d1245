"""Samples -> series: keep, query as-of, version, compact."""
