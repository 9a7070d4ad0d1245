"""Structured pruning: whole channels leave a chain of products, so that the graph is really smaller, not masked."""
