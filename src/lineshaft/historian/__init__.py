"""Keep samples: SQLite for the newest, a Delta table behind it, one answer over both."""
