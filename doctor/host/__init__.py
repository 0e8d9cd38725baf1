"""The only I/O on the examined host."""
