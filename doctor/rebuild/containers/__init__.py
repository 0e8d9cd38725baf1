"""Rebuilds containers: their settings, dependencies and remains."""
