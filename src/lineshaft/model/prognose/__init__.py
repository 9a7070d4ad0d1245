"""Learners of remaining life: one file each, found by discovery; they share ``lineshaft.model.prognosis``."""
