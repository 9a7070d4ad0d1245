"""Data sets as a search takes them, one a module named as its folder: ``given(folder) -> (learning, examples)``."""
