"""Collectors of storage drivers and the file systems below them."""
