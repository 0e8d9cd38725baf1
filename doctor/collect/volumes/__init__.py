"""Collectors of local volumes and their records."""
