"""Changes of files of network managers and their hooks."""
