"""Collectors of containers: settings, requirements, and remains of lost containers."""
