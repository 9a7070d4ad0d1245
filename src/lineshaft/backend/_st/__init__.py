"""Parts of the ``st`` backend: what prints Structured Text, and the engine that executes it here."""
