"""Learners of the monitor task: one file each, found by listing this folder."""
