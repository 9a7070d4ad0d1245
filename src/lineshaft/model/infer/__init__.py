"""Learners of soft sensors: one file each."""
