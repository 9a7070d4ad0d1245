"""Graph + target -> engine: one file a backend."""
