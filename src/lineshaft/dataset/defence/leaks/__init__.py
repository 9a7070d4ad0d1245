"""Detectors of leaks, one file each: ``find(evidence)`` gives what it found."""
