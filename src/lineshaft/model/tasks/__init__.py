"""Tasks with targets: one file each, found by discovery; what they share is in ``lineshaft.model.learning``."""
