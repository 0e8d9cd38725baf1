"""The body of each command, imported when it runs."""
