"""Learners of remaining life: one file each, found by discovery; what they share is in ``lineshaft.model.prognosis``."""
