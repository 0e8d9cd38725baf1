"""Rebuilding: images: configs, names, and copies of what is damaged."""
