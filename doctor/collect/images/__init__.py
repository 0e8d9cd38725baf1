"""Collectors of images: configs, names, and copies of corrupt files."""
