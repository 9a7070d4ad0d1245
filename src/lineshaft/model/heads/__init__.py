"""Heads: one file each, for numbers, for classes, or for both."""
