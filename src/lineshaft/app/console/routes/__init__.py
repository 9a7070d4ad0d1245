"""The REST API, a noun a file; ``server`` lists this folder."""
