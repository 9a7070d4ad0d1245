"""A model made elsewhere, written again in the canonical operators of a step graph."""
