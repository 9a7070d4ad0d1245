"""Blocks that every task shares: each fits, and writes itself into the step graph."""
