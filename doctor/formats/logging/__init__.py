"""Formats of logging drivers and logs."""
