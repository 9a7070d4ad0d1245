"""Explanations after the fact: shares of a decision by tag, what would have been, and when it was alike before."""
