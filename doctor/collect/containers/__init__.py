"""Collectors: containers: their settings, what they need, what is left of lost ones."""
