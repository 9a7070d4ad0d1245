"""One module a family of operators; ``node.lowers`` says which functions lower what."""
