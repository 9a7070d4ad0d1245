"""What the page of models asks: bundles, their cards and lineage, how two of them compare, drift. Knows no HTTP."""
