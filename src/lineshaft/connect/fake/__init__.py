"""A plant in memory: the shortest connector there can be, for tests and to copy from."""
