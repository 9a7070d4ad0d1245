"""Who may do what in the console, and what stops everybody else; knows HTTP only in csrf, headers and guard."""
