"""Collectors of logging drivers and logs."""
