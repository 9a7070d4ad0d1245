"""The report of any stretch of a project's history."""
