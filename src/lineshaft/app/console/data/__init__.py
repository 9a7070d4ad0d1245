"""The data page: what each tag's history is worth, what it promised, where it comes from."""
