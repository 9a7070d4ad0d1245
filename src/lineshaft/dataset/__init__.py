"""Series -> dataset: one time grid, quality, labels, splits."""
