"""Honest evaluation: splits, losses, intervals. Nothing here looks at test data twice."""
