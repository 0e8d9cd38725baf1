"""Collectors: logging drivers and logs."""
