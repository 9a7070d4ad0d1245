"""Learners of fault classes: one file each, found by discovery."""
