"""Formats of images: digests and names."""
