"""``doctor explain``: a check, an error message or a log."""
