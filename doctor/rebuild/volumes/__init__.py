"""Rebuilds local volumes and their records."""
