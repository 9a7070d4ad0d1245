"""The nouns every stage speaks: one per file, numpy and the standard library only."""
