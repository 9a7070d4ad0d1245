"""Scarce faults: more examples of them, made out of those that teach, and of nothing else."""
