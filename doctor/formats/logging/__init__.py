"""Formats: logging drivers and logs."""
